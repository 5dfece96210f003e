// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <random>

#include "query/engine/engine_testlib.h"
#include "query/engine/label_functions.h"
#include "query/engine/running_sums.h"
#include "query/engine/sum.h"

namespace trimtab::promql {
namespace {

TEST_F(Corpus, functions_over_time) {
  load("m{a=\"x\"} 1 2 _ 4 stale 3\nn NaN 1 NaN\ni 1 +Inf 2\nz -0 0");
  check_at(300, {{"sum_over_time(m[10m])", "{a=\"x\"} 10"},
                 {"avg_over_time(m[10m])", "{a=\"x\"} 2.5"},
                 {"min_over_time(m[10m])", "{a=\"x\"} 1"},
                 {"max_over_time(m[10m])", "{a=\"x\"} 4"},
                 {"count_over_time(m[10m])", "{a=\"x\"} 4"},
                 {"present_over_time(m[10m])", "{a=\"x\"} 1"},
                 {"last_over_time(m[10m])", "m{a=\"x\"} 3"},
                 {"stddev_over_time(m[10m])", "{a=\"x\"} 1.118033989"},
                 {"stdvar_over_time(m[10m])", "{a=\"x\"} 1.25"},
                 {"quantile_over_time(0.5, m[10m])", "{a=\"x\"} 2.5"},
                 {"quantile_over_time(1, m[10m])", "{a=\"x\"} 4"},
                 {"mad_over_time(m[10m])", "{a=\"x\"} 1"},
                 {"changes(m[10m])", "{a=\"x\"} 3"},
                 {"resets(m[10m])", "{a=\"x\"} 1"},
                 {"deriv(m[10m])", "{a=\"x\"} 0.007344632768"},
                 {"predict_linear(m[10m], 60)", "{a=\"x\"} 4.152542373"},
                 {"min_over_time(n[10m])", "{} 1"},
                 {"max_over_time(n[10m])", "{} 1"},
                 {"sum_over_time(n[10m])", "{} NaN"},
                 {"quantile_over_time(0, n[10m])", "{} NaN"},
                 {"changes(n[10m])", "{} 2"},
                 {"sum_over_time(i[10m])", "{} +Inf"},
                 {"avg_over_time(i[10m])", "{} +Inf"},
                 {"stddev_over_time(i[10m])", "{} NaN"},
                 {"max_over_time(z[10m])", "{} -0"},
                 {"absent_over_time(m[10m])", ""},
                 {"absent_over_time(nope{a=\"b\",c=~\"d\"}[10m])", "{a=\"b\"} 1"}});
  check_at(300,
           {{"quantile_over_time(2, m[10m])",
             "{a=\"x\"} +Inf\nPromQL warning: quantile value should be between 0 and 1, got 2 (1:20)"},
            {"quantile_over_time(-1, m[10m])",
             "{a=\"x\"} -Inf\nPromQL warning: quantile value should be between 0 and 1, got -1 (1:20)"},
            {"quantile_over_time(NaN, m[10m])",
             "{a=\"x\"} NaN\nPromQL warning: quantile value should be between 0 and 1, got NaN (1:20)"}});
}

TEST(RunningSums, parts_are_as_good_as_sums_of_their_own) {
  std::mt19937_64 random(3);
  std::vector<double> values;
  for (int i = 0; i < 5000; ++i)
    values.push_back(std::uniform_real_distribution<>(-1, 1)(random) * std::pow(10, i % 5));
  std::vector<double> sums;
  std::vector<double> lost;
  const RunningSums running(values, sums, lost);
  ASSERT_TRUE(running.good());
  for (std::size_t from = 0; from < values.size(); from += 37) {
    for (const std::size_t length : {std::size_t{0}, std::size_t{1}, std::size_t{40}, values.size() - from}) {
      const std::size_t to = std::min(values.size(), from + length);
      CompensatedSum sum;
      double magnitude = 0;
      for (std::size_t i = from; i < to; ++i) {
        sum.add(values[i]);
        magnitude += std::fabs(values[i]);
      }
      EXPECT_NEAR(running.between(from, to), sum.value(), 4e-16 * magnitude) << from << " " << to;
    }
  }
}

TEST(RunningSums, are_not_used_where_they_would_lose_a_part) {
  std::vector<double> sums;
  std::vector<double> lost;
  for (const std::vector<double>& values : {std::vector<double>{1e300, 1e300, 1},
                                            {1, std::nan(""), 2},
                                            {1e30, 1e-5},
                                            {1, std::numeric_limits<double>::infinity()}}) {
    EXPECT_FALSE(RunningSums(values, sums, lost).good());
  }
  EXPECT_TRUE(RunningSums(std::vector<double>{0, 0}, sums, lost).good());
  EXPECT_TRUE(RunningSums(std::vector<double>{}, sums, lost).good());
}

TEST(NaturalOrder, digits_compare_by_value) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"a2", "a10"}, {"", "a"},      {"a", "b"},        {"1", "2"},
      {"9", "10"},   {"a09", "a10"}, {"x1y2", "x1y10"}, {"a", "a1"}};
  for (const auto& [less, more] : cases) {
    EXPECT_TRUE(natural_less(less, more)) << less << " " << more;
    EXPECT_FALSE(natural_less(more, less)) << more << " " << less;
    EXPECT_FALSE(natural_less(less, less));
  }
}

TEST_F(Corpus, range_windows_are_open_on_the_left_and_drop_stale_markers) {
  load("m 0 1 2 3 stale 5");
  EXPECT_EQ(over(0, 300, 60, "count_over_time(m[2m])"), "{} 1 2 2 2 1 1");
  EXPECT_EQ(over(0, 300, 60, "sum_over_time(m[1m])"), "{} 0 1 2 3 _ 5");
  EXPECT_EQ(over(0, 120, 60, "sum_over_time(m[1m] offset 1m)"), "{} _ 0 1");
  EXPECT_EQ(over(0, 120, 60, "sum_over_time(m[1m] offset -1m)"), "{} 1 2 3");
  EXPECT_EQ(over(0, 120, 60, "sum_over_time(m[2m] @ end())"), "{} 3 3 3");
}

TEST_F(Corpus, smoothing) {
  load("m 1 2 4 8");
  // Level and trend by hand: 1; 2 with trend 1; then 0.5*4+0.5*3=3.5; trend 0.5*1.5+0.5*1=1.25;
  // 0.5*8+0.5*4.75.
  check_at(180, {{"double_exponential_smoothing(m[10m], 0.5, 0.5)", "{} 6.375"},
                 {"holt_winters(m[10m], 0.5, 0.5)", "{} 6.375"},
                 {"holt_winters(m[10m], 0, 0.5)",
                  "invalid: 1:22: invalid smoothing factor. Expected: 0 < sf < 1, got: 0"},
                 {"holt_winters(m[10m], 0.5, 1)",
                  "invalid: 1:27: invalid trend factor. Expected: 0 < tf < 1, got: 1"},
                 {"holt_winters(m[1m], 0.5, 0.5)", ""}});
}

TEST_F(Corpus, regressions) {
  load("line 10+2x9\nflat 5x9\ninfinite +Inf +Inf +Inf");
  check_at(540, {{"deriv(line[1h])", "{} 0.03333333333"},
                 {"predict_linear(line[1h], 60)", "{} 30"},
                 {"predict_linear(line[1h], -60)", "{} 26"},
                 {"predict_linear(line[1h] offset 1m, 60)", "{} 30"},
                 {"deriv(flat[1h])", "{} 0"},
                 {"predict_linear(flat[1h], 3600)", "{} 5"},
                 {"deriv(infinite[1h])", "{} NaN"},
                 {"deriv(line[1m])", ""}});
  EXPECT_EQ(over(540, 600, 60, "predict_linear(line[1h] @ 540, 60)"), "{} 30 32");
}

TEST_F(Corpus, subqueries_stand_on_multiples_of_their_step) {
  load("c_total 0+1x60", 10 * kSecondMs);
  check_at(300,
           {{"count_over_time(c_total[1m:20s])", "{} 3"},  // 260 280 300: 240 is outside
            {"c_total[1m:20s]", "c_total 26@260 28@280 30@300"},
            {"c_total[1m:20s] offset 5s", "c_total 24@240 26@260 28@280"},
            {"c_total[1m:20s] @ 100", "c_total 6@60 8@80 10@100"},
            {"max_over_time(rate(c_total[20s])[1m:10s])", "{} 0.1"},
            {"sum_over_time((c_total > 28)[1m:10s])", "{} 59"},
            {"avg_over_time(time()[1m:30s])",
             "invalid: 1:15: parse error: subquery is only allowed on instant vector, got scalar instead"},
            {"sum_over_time(vector(time())[1m:30s])", "{} 570"},
            {"count_over_time(c_total[5m:])", "{} 5"},
            {"max_over_time(sum_over_time(c_total[30s:10s])[1m:30s])", "{} 87"},
            {"absent_over_time(c_total[1m:20s])", ""}});
  EXPECT_EQ(over(295, 305, 5, "last_over_time(c_total[10s:10s])"), "c_total 29 30 30");
  EXPECT_EQ(over(100, 120, 10, "sum_over_time(vector(time())[20s:10s] @ 50)"), "{} 90 90 90");
}

TEST_F(Corpus, functions_of_ranges_refuse_series_that_become_one) {
  load("a_total{x=\"1\"} 1 2\nb_total{x=\"1\"} 1 2");
  check_at(60, {{"rate({__name__=~\"a_total|b_total\"}[5m])",
                 "invalid: vector cannot contain metrics with the same labelset: {x=\"1\"}"},
                {"last_over_time({__name__=~\"a_total|b_total\"}[5m])",
                 "a_total{x=\"1\"} 2\nb_total{x=\"1\"} 2"}});
}

}  // namespace
}  // namespace trimtab::promql
