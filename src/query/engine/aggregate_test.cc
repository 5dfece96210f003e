// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "query/engine/engine_testlib.h"

namespace trimtab::promql {
namespace {

TEST_F(Corpus, aggregations) {
  load(
      "m{g=\"a\",i=\"1\"} 1\nm{g=\"a\",i=\"2\"} 3\nm{g=\"b\",i=\"1\"} 5\nm{g=\"b\",i=\"2\"} 5\nn{i=\"1\"} "
      "NaN\nn{i=\"2\"} 2\n"
      "f{i=\"1\"} 1\nf{i=\"2\"} +Inf\nbig{i=\"1\"} 1.5e308\nbig{i=\"2\"} 1.5e308");
  check_at(
      0,
      {{"sum(m)", "{} 14"},
       {"sum by (g) (m)", "{g=\"a\"} 4\n{g=\"b\"} 10"},
       {"sum without (i) (m)", "{g=\"a\"} 4\n{g=\"b\"} 10"},
       {"sum by () (m)", "{} 14"},
       {"sum by (nope) (m)", "{} 14"},
       {"sum by (__name__) (m)", "m 14"},
       {"avg by (g) (m)", "{g=\"a\"} 2\n{g=\"b\"} 5"},
       {"avg(big)", "{} 1.5e+308"},
       {"sum(big)", "{} +Inf"},
       {"sum(f)", "{} +Inf"},
       {"avg(f)", "{} +Inf"},
       {"count by (g) (m)", "{g=\"a\"} 2\n{g=\"b\"} 2"},
       {"min(m)", "{} 1"},
       {"max(m)", "{} 5"},
       {"min(n)", "{} 2"},
       {"max(n)", "{} 2"},
       {"sum(n)", "{} NaN"},
       {"group by (g) (m)", "{g=\"a\"} 1\n{g=\"b\"} 1"},
       {"stddev by (g) (m)", "{g=\"a\"} 1\n{g=\"b\"} 0"},
       {"stdvar(m)", "{} 2.75"},
       {"stddev(n)", "{} NaN"},
       {"stddev(f)", "{} NaN"},
       {"quantile(0.5, m)", "{} 4"},
       {"quantile by (g) (0.25, m)", "{g=\"a\"} 1.5\n{g=\"b\"} 5"},
       {"quantile(2, m)", "{} +Inf\nPromQL warning: quantile value should be between 0 and 1, got 2 (1:10)"},
       {"count_values(\"v\", m)", "{v=\"1\"} 1\n{v=\"3\"} 1\n{v=\"5\"} 2"},
       {"count_values by (g) (\"v\", m)", "{g=\"a\",v=\"1\"} 1\n{g=\"a\",v=\"3\"} 1\n{g=\"b\",v=\"5\"} 2"},
       {"count_values without (g) (\"i\", m)", "{i=\"1\"} 1\n{i=\"3\"} 1\n{i=\"5\"} 2"},
       {"count_values(\"v\", big)", "{v=\"15" + std::string(307, '0') + "\"} 2"},
       {"count_values(\"v\", -m / 8 * 1e-3)",
        "{v=\"-0.000125\"} 1\n{v=\"-0.000375\"} 1\n{v=\"-0.000625\"} 2"},
       {"count_values(\"v\", m * 12.5)", "{v=\"12.5\"} 1\n{v=\"37.5\"} 1\n{v=\"62.5\"} 2"},
       {"count_values(\"\", m)", "invalid: 1:14: invalid label name \"\" in count_values"},
       {"sum(nope)", ""},
       {"count(nope) or vector(0)", "{} 0"}});
}

TEST_F(Corpus, topk_bottomk_and_limitk_keep_series) {
  load("m{i=\"1\"} 1 9 1\nm{i=\"2\"} 2 2 2\nm{i=\"3\"} 3 3 stale\nm{i=\"4\"} NaN NaN NaN");
  check_at(0, {{"topk(2, m)", "m{i=\"3\"} 3\nm{i=\"2\"} 2"},
               {"topk(10, m)", "m{i=\"3\"} 3\nm{i=\"2\"} 2\nm{i=\"1\"} 1\nm{i=\"4\"} NaN"},
               {"bottomk(2, m)", "m{i=\"1\"} 1\nm{i=\"2\"} 2"},
               {"topk(0, m)", ""},
               {"topk(-1, m)", ""},
               {"topk(1.9, m)", "m{i=\"3\"} 3"},
               {"topk(NaN, m)", "invalid: 1:6: the parameter k of an aggregation is NaN"},
               {"topk(1e30, m)", "invalid: 1:6: the parameter k of an aggregation overflows int64: 1e+30"},
               {"limitk(2, m)", "m{i=\"1\"} 1\nm{i=\"2\"} 2"},
               {"topk by (i) (1, m > 1)", "m{i=\"2\"} 2\nm{i=\"3\"} 3"}});
  EXPECT_EQ(over(0, 120, 60, "topk(1, m)"), "m{i=\"1\"} _ 9 _\nm{i=\"2\"} _ _ 2\nm{i=\"3\"} 3 _ _");
  EXPECT_EQ(over(0, 120, 60, "topk(scalar(m{i=\"2\"}) - 1, m)"),
            "m{i=\"1\"} _ 9 _\nm{i=\"2\"} _ _ 2\nm{i=\"3\"} 3 _ _");
}

TEST_F(Corpus, sums_do_not_lose_small_values_among_large_ones) {
  load("m{i=\"1\"} 1e16\nm{i=\"2\"} 1\nm{i=\"3\"} 1\nm{i=\"4\"} -1e16\nt 1e16 1 1 -1e16");
  check_at(180, {{"sum(m)", "{} 2"},
                 {"avg(m)", "{} 0.5"},
                 {"sum_over_time(t[5m])", "{} 2"},
                 {"avg_over_time(t[5m])", "{} 0.5"}});
}

}  // namespace
}  // namespace trimtab::promql
