// SPDX-License-Identifier: Apache-2.0
#include "query/engine.h"

#include <gtest/gtest.h>

#include "query/engine/engine_testlib.h"

namespace trimtab::promql {
namespace {

TEST_F(Corpus, selectors_look_back_over_a_left_open_window) {
  load("m{a=\"x\"} 1 2 3\nm{a=\"y\"} 10 stale _ 30");
  EXPECT_EQ(over(0, 480, 60, "m"), "m{a=\"x\"} 1 2 3 3 3 3 3 _ _\nm{a=\"y\"} 10 _ _ 30 30 30 30 30 _");
  check_at(419, {{"m{a=\"x\"}", "m{a=\"x\"} 3"}});
  check_at(420, {{"m{a=\"x\"}", ""}});  // exactly five minutes old: outside
  check_at(120, {{"m{a!=\"x\"}", ""},
                 {"m{a=~\"x|z\"}", "m{a=\"x\"} 3"},
                 {"m{a!~\"y.*\"}", "m{a=\"x\"} 3"},
                 {"m offset 1m", "m{a=\"x\"} 2"},
                 {"m offset -1m", "m{a=\"x\"} 3\nm{a=\"y\"} 30"},
                 {"m @ 0", "m{a=\"x\"} 1\nm{a=\"y\"} 10"},
                 {"m @ 120 offset 1m", "m{a=\"x\"} 2"},
                 {"m[2m]", "m{a=\"x\"} 2@60 3@120"},
                 {"m[2m] @ 60", "m{a=\"x\"} 1@0 2@60\nm{a=\"y\"} 10@0"}});
  EXPECT_EQ(over(0, 120, 60, "m{a=\"x\"} @ end()"), "m{a=\"x\"} 3 3 3");
  EXPECT_EQ(over(0, 120, 60, "m{a=\"x\"} @ start()"), "m{a=\"x\"} 1 1 1");
}

TEST_F(Corpus, rates_extrapolate) {
  load("c_total 0+60x10\nr_total 0 60 120 30 90 150\ng 5 3 8 1");
  check_at(300, {{"rate(c_total[5m])", "{} 1"},
                 {"increase(c_total[5m])", "{} 300"},
                 {"increase(r_total[5m])", "{} 262.5"},
                 {"irate(r_total[5m])", "{} 1"},
                 {"irate(r_total[5m] @ 180)", "{} 0.5"},
                 {"idelta(r_total[5m] @ 180)", "{} -90"},
                 {"resets(r_total[10m])", "{} 1"},
                 {"changes(g[10m])", "{} 3"},
                 {"rate(c_total[1m])", ""}});
  check_at(180, {{"delta(g[3m])", "{} -3"},
                 {"rate(g[3m])",
                  "{} 0.05\nPromQL info: metric might not be a counter, name does not end in "
                  "_total/_sum/_count/_bucket: \"g\" (1:6)"}});
}

TEST_F(Corpus, aggregations_and_binary_operators) {
  load(
      "a{i=\"1\",j=\"x\"} 1\na{i=\"2\",j=\"x\"} 2\na{i=\"3\",j=\"y\"} 4\nb{i=\"1\"} 10\nb{i=\"2\"} "
      "20\nc{j=\"x\"} 100\nc{j=\"y\"} 200");
  check_at(
      0, {{"sum(a)", "{} 7"},
          {"sum by (j) (a)", "{j=\"x\"} 3\n{j=\"y\"} 4"},
          {"avg without (i) (a)", "{j=\"x\"} 1.5\n{j=\"y\"} 4"},
          {"min(a) + max(a) + count(a)", "{} 8"},
          {"topk(2, a)", "a{i=\"3\",j=\"y\"} 4\na{i=\"2\",j=\"x\"} 2"},
          {"bottomk by (j) (1, a)", "a{i=\"1\",j=\"x\"} 1\na{i=\"3\",j=\"y\"} 4"},
          {"a + on (i) b", "{i=\"1\"} 11\n{i=\"2\"} 22"},
          {"a * on (j) group_left c", "{i=\"1\",j=\"x\"} 100\n{i=\"2\",j=\"x\"} 200\n{i=\"3\",j=\"y\"} 800"},
          {"a > 1", "a{i=\"2\",j=\"x\"} 2\na{i=\"3\",j=\"y\"} 4"},
          {"a > bool 1", "{i=\"1\",j=\"x\"} 0\n{i=\"2\",j=\"x\"} 1\n{i=\"3\",j=\"y\"} 1"},
          {"a and on (i) b", "a{i=\"1\",j=\"x\"} 1\na{i=\"2\",j=\"x\"} 2"},
          {"a unless on (i) b", "a{i=\"3\",j=\"y\"} 4"},
          {"b or on (i) a", "a{i=\"3\",j=\"y\"} 4\nb{i=\"1\"} 10\nb{i=\"2\"} 20"},
          {"2 * vector(3) ^ 2", "{} 18"},
          {"1 + 2", "{} 3"}});
}

}  // namespace
}  // namespace trimtab::promql
