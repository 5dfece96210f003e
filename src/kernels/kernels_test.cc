// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "kernels/distributions.h"
#include "kernels/false_discovery.h"
#include "kernels/first_passage.h"
#include "kernels/histogram_quantile.h"
#include "kernels/noise_testlib.h"
#include "kernels/quantile.h"
#include "kernels/resample.h"
#include "kernels/rolling_mean.h"
#include "kernels/seasonality.h"
#include "kernels/tail.h"
#include "kernels/trend.h"

namespace trimtab::kernels {
namespace {

const double kNone = std::numeric_limits<double>::quiet_NaN();

TEST(Quantile, agrees_with_sorting_on_all_small_inputs) {
  std::vector<double> values{3, 1, 2, 5};
  EXPECT_DOUBLE_EQ(quantile_in_place(values, 0), 1);
  EXPECT_DOUBLE_EQ(quantile_in_place(values, 1), 5);
  EXPECT_DOUBLE_EQ(median_in_place(values), 2.5);
  EXPECT_DOUBLE_EQ(quantile_in_place(values, 0.25), 1.75);
  std::vector<double> one{7};
  EXPECT_DOUBLE_EQ(median_in_place(one), 7);
  std::vector<double> wild{1, 1, 2, 2, 4, 6, 9};
  EXPECT_NEAR(mad_in_place(wild, 2), 1.4826, 1e-12);
}

TEST(Distributions, match_published_tables) {
  EXPECT_NEAR(normal_tail(1.959964), 0.025, 1e-7);
  EXPECT_NEAR(normal_tail_inverse(0.025), 1.959964, 1e-6);
  EXPECT_NEAR(normal_tail_inverse(0.9), -1.281552, 1e-6);
  EXPECT_NEAR(student_t_tail(2.228, 10), 0.025, 2e-5);
  EXPECT_NEAR(student_t_tail(12.706, 1), 0.025, 1e-5);
  EXPECT_NEAR(student_t_tail(-2.228, 10), 0.975, 2e-5);
  EXPECT_NEAR(student_t_tail(4.0, 1e6), normal_tail(4.0), 1e-7);
}

TEST(Tail, extrapolation_is_calibrated_to_conservative_on_normal_and_heavy_tails) {
  TailScratch scratch;
  auto sample = noise(20000, 1);
  const double at_five = upper_tail_probability(sample, 5.0, 1e-9, scratch);
  EXPECT_GT(at_five, normal_tail(5.0));  // never more certain than the truth
  EXPECT_LT(at_five, 1e-3);
  auto heavy = noise(20000, 2);
  for (double& value : heavy) value = std::exp(1.5 * value);
  const double truth = normal_tail(std::log(1000.0) / 1.5);
  const double fitted = upper_tail_probability(heavy, 1000.0, 1e-9, scratch);
  EXPECT_GT(fitted, truth / 3);
  EXPECT_LT(fitted, truth * 30);
}

TEST(Tail, within_the_sample_it_is_the_rank) {
  TailScratch scratch;
  std::vector<double> sample;
  for (int i = 1; i <= 99; ++i) sample.push_back(i);
  EXPECT_NEAR(upper_tail_probability(sample, 50, 1e-9, scratch), 0.51, 1e-9);
}

TEST(RollingMean, skips_gaps) {
  RollingMean rolling;
  const std::vector<double> values{1, kNone, 3, 5};
  rolling.build(values);
  EXPECT_DOUBLE_EQ(rolling.mean(0, 4, 1), 3);
  EXPECT_TRUE(std::isnan(rolling.mean(1, 2, 1)));
  EXPECT_TRUE(std::isnan(rolling.mean(0, 2, 2)));
}

TEST(Seasonality, finds_a_day_and_is_not_fooled_by_red_noise) {
  SeasonScratch scratch;
  auto daily = noise(7 * 288, 3);
  for (std::size_t i = 0; i < daily.size(); ++i)
    daily[i] += 5 * std::sin(2 * M_PI * static_cast<double>(i % 288) / 288);
  EXPECT_GT(seasonal_gain(daily, 288, scratch), 0.4);
  int fooled = 0;
  for (unsigned seed = 0; seed < 50; ++seed)
    fooled += seasonal_gain(noise(7 * 288, seed, 0.95), 288, scratch) > 0.1;
  EXPECT_LE(fooled, 2);
  EXPECT_EQ(seasonal_gain(noise(500, 1), 288, scratch), 0);  // less than three cycles prove nothing
}

TEST(Seasonality, profile_is_robust_to_one_wild_day_and_to_gaps) {
  SeasonScratch scratch;
  std::vector<double> values(7 * 24);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = i % 24 < 12 ? 0 : 10;
  for (std::size_t i = 48; i < 72; ++i) values[i] = 1000;
  values[5] = kNone;
  std::vector<double> profile(24);
  seasonal_profile(values, 24, scratch, profile);
  EXPECT_NEAR(profile[18] - profile[6], 10, 1e-9);
}

TEST(Trend, slope_interval_holds_the_truth_and_noise_has_no_trend) {
  TrendScratch scratch;
  int held = 0;
  int alarms = 0;
  for (unsigned seed = 0; seed < 100; ++seed) {
    auto values = noise(600, seed, 0.5);
    alarms += fit_trend(values, scratch).probability < 0.01;
    for (std::size_t i = 0; i < values.size(); ++i) values[i] += 0.01 * static_cast<double>(i);
    const Trend trend = fit_trend(values, scratch);
    held += trend.slope_low <= 0.01 && 0.01 <= trend.slope_high;
    EXPECT_LT(trend.probability, 1e-6);
  }
  EXPECT_GE(held, 78);  // a 90 % interval, a little narrow under autocorrelation
  EXPECT_LE(alarms, 6);
}

TEST(FirstPassage, tells_when_and_how_sure) {
  const FirstPassage rising = first_passage(
      {.level = 50, .spread = 1, .slope = 1, .slope_low = 0.8, .slope_high = 1.2, .limit = 100}, 100);
  EXPECT_DOUBLE_EQ(rising.expected.value(), 50);
  EXPECT_LT(rising.earliest.value(), 41);
  EXPECT_GT(rising.latest.value(), 62);
  EXPECT_GT(rising.probability, 0.99);
  const FirstPassage falling = first_passage(
      {.level = 50, .spread = 0, .slope = -1, .slope_low = -1.2, .slope_high = -0.8, .limit = 0}, 100);
  EXPECT_DOUBLE_EQ(falling.expected.value(), 50);
  const FirstPassage away = first_passage(
      {.level = 50, .spread = 1, .slope = -1, .slope_low = -1.2, .slope_high = -0.8, .limit = 100}, 100);
  EXPECT_FALSE(away.expected.has_value());
  EXPECT_LT(away.probability, 1e-6);
}

TEST(Resample, means_and_rates_survive_gaps_resets_and_stale_markers) {
  const std::vector<TimestampMs> times{10'000, 20'000, 30'000, 40'000, 50'000, 90'000};
  const Cells cells{.first_end_ms = 20'000, .step_ms = 20'000, .count = 4};
  std::vector<double> out(4);
  resample_mean(times, std::vector<double>{1, 3, kNone, 5, 7, 9}, cells, out);
  EXPECT_DOUBLE_EQ(out[0], 2);
  EXPECT_DOUBLE_EQ(out[1], 5);
  EXPECT_DOUBLE_EQ(out[2], 7);
  EXPECT_TRUE(std::isnan(out[3]));  // 90 s lies beyond the last cell
  resample_rate(times, std::vector<double>{100, 110, 5, 15, 25, 65}, cells, out);
  EXPECT_DOUBLE_EQ(out[0], 1);     // 10 in 10 s
  EXPECT_DOUBLE_EQ(out[1], 0.75);  // a reset to 5, then 10 more, in 20 s
  EXPECT_DOUBLE_EQ(out[2], 1);
  std::vector<double> sum(4, kNone);
  add_increase(times, std::vector<double>{0, 1, 2, 3, 4, 5}, cells, sum);
  add_increase(times, std::vector<double>{0, 1, 2, 3, 4, 5}, cells, sum);
  EXPECT_DOUBLE_EQ(sum[1], 4);
}

TEST(HistogramQuantile, answers_as_prometheus_does) {
  const double inf = std::numeric_limits<double>::infinity();
  const std::vector<double> bounds{0.1, 0.5, 1, inf};
  EXPECT_DOUBLE_EQ(histogram_quantile(bounds, std::vector<double>{50, 90, 100, 100}, 0.5), 0.1);
  EXPECT_DOUBLE_EQ(histogram_quantile(bounds, std::vector<double>{50, 90, 100, 100}, 0.7), 0.3);
  EXPECT_DOUBLE_EQ(histogram_quantile(bounds, std::vector<double>{0, 0, 0, 10}, 0.9), 1);
  EXPECT_TRUE(std::isnan(histogram_quantile(bounds, std::vector<double>{0, 0, 0, 0}, 0.9)));
}

TEST(FalseDiscovery, keeps_the_budget_and_opens_up_when_much_is_wrong) {
  EXPECT_EQ(keep_alarms(std::vector<double>{0.5, 0.6}, 1000, 1), 0u);
  EXPECT_EQ(keep_alarms(std::vector<double>{0.0009, 0.5}, 1000, 1), 1u);
  EXPECT_EQ(keep_alarms(std::vector<double>{0.0011, 0.0012, 0.0013}, 1000, 1), 3u);
}

}  // namespace
}  // namespace trimtab::kernels
