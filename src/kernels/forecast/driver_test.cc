// SPDX-License-Identifier: Apache-2.0
#include "kernels/forecast/driver.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <random>

namespace trimtab::kernels {
namespace {

const double kNone = std::numeric_limits<double>::quiet_NaN();

struct Driven {
  std::vector<double> values, past, future, truth;
};

// A daily wave plus `effect` times a driver that wanders, then stands 40 higher than it ended.
Driven driven(std::size_t count, std::size_t horizon, double effect, double noise, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  Driven out;
  double driver = 200;
  for (std::size_t i = 0; i < count + horizon; ++i) {
    driver = i == count ? driver + 40 : i < count ? driver + 3 * normal(random) : driver;
    const double wave = 10 * std::sin(2 * std::numbers::pi * static_cast<double>(i % 24) / 24);
    const double value = 500 + wave + effect * driver + noise * normal(random);
    (i < count ? out.values : out.truth).push_back(value);
    (i < count ? out.past : out.future).push_back(driver);
  }
  return out;
}

DriverEffect run(const Driven& d, Forecast& out,
                 ForecastOptions options = {.horizon = 12, .periods = {24, 0}}) {
  ForecastWorkspace workspace;
  return forecast_with_driver(d.values, {d.past, d.future}, options, workspace, out);
}

TEST(DriverSlope, an_exact_linear_effect_is_found_exactly_through_gaps_and_wild_values) {
  Driven d = driven(400, 12, 3, 0, 1);
  EXPECT_NEAR(driver_slope(d.values, d.past, 24).effect, 3, 1e-9);
  EXPECT_NEAR(driver_slope(d.values, d.past, 24).error, 0, 1e-9);
  for (std::size_t i = 50; i < 60; ++i) d.values[i] = kNone;
  d.past[100] = kNone;
  d.values[200] += 1e4;
  EXPECT_NEAR(driver_slope(d.values, d.past, 24).effect, 3, 1e-3);
}

TEST(DriverSlope, nothing_is_found_in_a_driver_that_stands_or_rises_steadily) {
  const Driven d = driven(400, 12, 3, 1, 2);
  std::vector<double> line(400);
  EXPECT_TRUE(driver_slope(d.values, std::vector<double>(400, 7), 24).constant);
  for (std::size_t i = 0; i < line.size(); ++i) line[i] = 0.1 * static_cast<double>(i);
  EXPECT_TRUE(driver_slope(d.values, line, 24).constant);
  EXPECT_FALSE(driver_slope({}, {}, 1).found);
  EXPECT_FALSE(driver_slope(d.values, std::vector<double>(400, kNone), 1).found);
}

TEST(DriverSlope, its_error_is_about_what_repeated_samples_show) {
  double squares = 0, errors = 0;
  for (unsigned seed = 1; seed <= 100; ++seed) {
    const Driven d = driven(600, 1, 2, 5, seed);
    const DriverSlope slope = driver_slope(d.values, d.past, 24);
    squares += (slope.effect - 2) * (slope.effect - 2) / 100;
    errors += slope.error / 100;
  }
  EXPECT_NEAR(errors / std::sqrt(squares), 1, 0.35);
}

TEST(ForecastWithDriver, the_stated_future_is_followed) {
  const Driven d = driven(600, 12, 3, 2, 4);
  Forecast out, plain;
  const DriverEffect effect = run(d, out);
  ASSERT_EQ(effect.use, DriverUse::kUsed);
  EXPECT_NEAR(effect.effect, 3, 5 * effect.error);
  EXPECT_LT(effect.miss_with, effect.miss_without);
  ForecastWorkspace workspace;
  forecast(d.values, {.horizon = 12, .periods = {24, 0}}, workspace, plain);
  const auto band = out.band(0.99);
  for (std::size_t h = 0; h < 12; ++h) {
    EXPECT_NEAR(out.mean[h], d.truth[h], 15);
    EXPECT_GT(std::abs(plain.mean[h] - d.truth[h]), 50) << "120 more are not to be seen in the past";
    EXPECT_GE(d.truth[h], band.low[h]);
    EXPECT_LE(d.truth[h], band.high[h]);
  }
}

TEST(ForecastWithDriver, an_exact_effect_is_forecast_exactly) {
  const Driven d = driven(600, 12, 3, 0, 5);
  Forecast out;
  ASSERT_EQ(run(d, out).use, DriverUse::kUsed);
  for (std::size_t h = 0; h < 12; ++h) EXPECT_NEAR(out.mean[h], d.truth[h], 0.5);
}

TEST(ForecastWithDriver, intervals_widen_with_the_way_that_the_driver_goes) {
  Driven d = driven(600, 12, 3, 20, 6);
  Forecast near, far;
  ASSERT_EQ(run(d, near).use, DriverUse::kUsed);
  for (double& value : d.future) value += 10'000;
  const DriverEffect effect = run(d, far);
  for (std::size_t h = 0; h < 12; ++h) {
    EXPECT_NEAR(far.mean[h] - near.mean[h], 10'000 * effect.effect, 1e-6);
    EXPECT_GT(far.spread[h], 0.7 * 10'000 * effect.error);
    EXPECT_GT(far.spread[h], near.spread[h]);
  }
}

TEST(ForecastWithDriver, unrelated_noise_changes_nothing) {
  int used = 0;
  for (unsigned seed = 1; seed <= 100; ++seed) {
    const Driven d = driven(400, 12, 0, 3, seed);
    Forecast out, plain;
    used += run(d, out).use == DriverUse::kUsed;
    ForecastWorkspace workspace;
    forecast(d.values, {.horizon = 12, .periods = {24, 0}}, workspace, plain);
    if (run(d, out).use != DriverUse::kUsed) {
      EXPECT_EQ(out.mean, plain.mean);
    }
  }
  EXPECT_LE(used, 3);
}

TEST(ForecastWithDriver, odd_inputs_have_an_answer_and_bounds_are_kept) {
  Driven d = driven(400, 12, 3, 2, 7);
  d.past.assign(400, 5);
  Forecast out;
  EXPECT_EQ(run(d, out).use, DriverUse::kConstant);
  Driven brief = driven(12, 12, 3, 2, 7);
  EXPECT_EQ(run(brief, out).use, DriverUse::kTooShort);
  for (const double value : out.mean) EXPECT_TRUE(std::isfinite(value));
  Driven none = driven(0, 12, 3, 2, 7);
  EXPECT_EQ(run(none, out).use, DriverUse::kTooShort);
  Driven gaps = driven(600, 12, 3, 2, 4);
  for (std::size_t i = 80; i < 90; ++i) gaps.past[i] = kNone;
  for (std::size_t i = 300; i < 320; ++i) gaps.values[i] = kNone;
  gaps.past.front() = gaps.past.back() = kNone;
  ASSERT_EQ(run(gaps, out, {.horizon = 12, .periods = {24, 0}, .ceiling = 600}).use, DriverUse::kUsed);
  for (const double value : out.mean) EXPECT_LE(value, 600);
  for (const double value : out.band(0.95).high) EXPECT_LE(value, 600);
}

TEST(ForecastWithDriver, units_do_not_matter) {
  const Driven d = driven(500, 12, 3, 2, 9);
  Driven scaled = d;
  for (auto* part : {&scaled.past, &scaled.future})
    for (double& value : *part) value = 1000 * value;
  Forecast a, b;
  ASSERT_EQ(run(d, a).use, DriverUse::kUsed);
  ASSERT_EQ(run(scaled, b).use, DriverUse::kUsed);
  for (std::size_t h = 0; h < 12; ++h) EXPECT_NEAR(a.mean[h], b.mean[h], 1e-6 * std::abs(a.mean[h]));
}

}  // namespace
}  // namespace trimtab::kernels
