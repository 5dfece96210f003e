// SPDX-License-Identifier: Apache-2.0
#include "kernels/forecast/forecast.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <random>

#include "kernels/forecast/exhaustion.h"
#include "kernels/forecast/seasons.h"

namespace trimtab::kernels {
namespace {

const double kNone = std::numeric_limits<double>::quiet_NaN();

std::vector<double> season(std::size_t count, std::size_t period, double noise, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> out(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double phase = 2 * std::numbers::pi * static_cast<double>(i % period) / static_cast<double>(period);
    out[i] = 100 + 20 * std::sin(phase) + 5 * std::cos(2 * phase) + noise * normal(random);
  }
  return out;
}

Forecast run(std::span<const double> values, const ForecastOptions& options) {
  ForecastWorkspace workspace;
  Forecast out;
  forecast(values, options, workspace, out);
  return out;
}

TEST(Members, say_nothing_about_too_few_seasons) {
  const std::vector<double> values(80, 5);
  const std::vector<std::size_t> cuts{80, 72};
  std::vector<double> rows(2 * 9);
  MemberScratch scratch;
  EXPECT_FALSE(forecast_profile(values, {cuts, 9}, 40, 2, Shape::kAdditive, scratch, rows));
  EXPECT_FALSE(forecast_complex(values, {cuts, 9}, 25, scratch, rows));
  EXPECT_FALSE(forecast_damped(values, {cuts, 9}, 25, Shape::kAdditive, scratch, rows));
  EXPECT_FALSE(forecast_seasonal_naive(values, {cuts, 9}, 73, rows));
  ASSERT_TRUE(forecast_complex(values, {cuts, 9}, 4, scratch, rows));
  EXPECT_NEAR(rows[8], 5, 1e-9);
}

TEST(Forecast, a_clean_season_is_continued) {
  const auto values = season(24 * 14, 24, 0, 1);
  const Forecast out = run(values, {.horizon = 24, .periods = {24, 0}});
  for (std::size_t h = 0; h < 24; ++h) EXPECT_NEAR(out.mean[h], values[h], 0.5) << h;
  EXPECT_EQ(out.origins, kOriginsMax);
  double total = 0;
  for (const ForecastShare& share : out.members) total += share.weight;
  EXPECT_NEAR(total, 1, 1e-9);
}

TEST(Forecast, odd_inputs_have_an_answer) {
  EXPECT_TRUE(std::isnan(run({}, {.horizon = 2}).mean[1]));
  EXPECT_TRUE(std::isnan(run(std::vector<double>(9, kNone), {.horizon = 2}).mean[0]));
  EXPECT_EQ(run(std::vector<double>{7}, {.horizon = 3}).mean, (std::vector<double>{7, 7, 7}));
  EXPECT_EQ(run(std::vector<double>{7}, {.horizon = 1}).band(0.95).low[0], 7);
  const Forecast flat = run(std::vector<double>(200, 4.5), {.horizon = 5, .periods = {24, 0}});
  for (const double value : flat.mean) EXPECT_NEAR(value, 4.5, 1e-9);
  EXPECT_NEAR(flat.band(0.95).high[4], 4.5, 1e-9);
  for (std::size_t n = 2; n < 40; ++n) {
    for (const double value : run(season(n, 7, 1, 2), {.horizon = 10, .periods = {7, 0}}).mean)
      EXPECT_TRUE(std::isfinite(value)) << n;
  }
}

TEST(Forecast, gaps_are_bridged_and_bounds_are_kept) {
  auto values = season(24 * 10, 24, 1, 4);
  for (std::size_t i = 30; i < 40; ++i) values[i] = kNone;
  values.front() = values.back() = kNone;
  const Forecast out = run(values, {.horizon = 24, .periods = {24, 0}, .floor = 90, .ceiling = 110});
  const auto band = out.band(0.95);
  for (std::size_t h = 0; h < 24; ++h) {
    EXPECT_GE(out.mean[h], 90);
    EXPECT_LE(out.mean[h], 110);
    EXPECT_GE(band.low[h], 90);
    EXPECT_LE(band.high[h], 110);
  }
}

TEST(Forecast, intervals_widen_with_the_horizon_on_a_random_walk_and_hold_what_they_say) {
  std::mt19937 random(8);
  std::normal_distribution<double> normal;
  int inside = 0, all = 0;
  for (int round = 0; round < 60; ++round) {
    std::vector<double> walk(260);
    double at = 1000;
    for (double& value : walk) value = at += normal(random);
    const Forecast out = run(std::span(walk).first(250), {.horizon = 10});
    const auto band = out.band(0.9);
    EXPECT_GE(band.high[9] - band.low[9], band.high[0] - band.low[0]);
    const auto wide = out.band(0.99);
    for (std::size_t h = 0; h < 10; ++h, ++all) {
      inside += walk[250 + h] >= band.low[h] && walk[250 + h] <= band.high[h];
      EXPECT_LE(wide.low[h], band.low[h]);
    }
  }
  EXPECT_GT(inside, all * 80 / 100);
  EXPECT_LT(inside, all * 99 / 100);
}

TEST(Exhaustion, a_filling_disk_is_full_when_its_line_says_so) {
  std::mt19937 random(5);
  std::normal_distribution<double> normal;
  std::vector<double> disk(300);
  for (std::size_t i = 0; i < disk.size(); ++i)
    disk[i] = 100 + 2 * static_cast<double>(i) + 3 * normal(random);
  const Forecast out = run(disk, {.horizon = 60});
  const Exhaustion up = exhaustion_of(out, 760, LimitSide::kUpper);  // the line is there 31 steps on
  ASSERT_TRUE(up.earliest && up.expected && up.latest);
  EXPECT_NEAR(static_cast<double>(*up.expected), 31, 4);
  EXPECT_LE(*up.earliest, *up.expected);
  EXPECT_LE(*up.expected, *up.latest);
  EXPECT_TRUE(std::is_sorted(up.reached_by.begin(), up.reached_by.end()));
  EXPECT_FALSE(exhaustion_of(out, 5000, LimitSide::kUpper).earliest);
  EXPECT_FALSE(exhaustion_of(out, 0, LimitSide::kLower).earliest);
  EXPECT_EQ(exhaustion_of(out, 600, LimitSide::kUpper).expected, 1u) << "already there";
  EXPECT_TRUE(exhaustion_of(Forecast{}, 1, LimitSide::kUpper).reached_by.empty());
}

TEST(LikelySeasons, are_found_under_a_trend_and_not_in_red_noise) {
  SeasonSearch scratch;
  auto values = season(24 * 40, 24, 2, 6);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] += 0.3 * static_cast<double>(i);
  EXPECT_EQ(likely_seasons(values, scratch)[0], 24u);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] += i / 24 % 7 < 5 ? 30 : 0;
  EXPECT_EQ(likely_seasons(values, scratch), (std::array<std::size_t, 2>{24, 168}));
  EXPECT_EQ(likely_seasons({}, scratch)[0], 0u);
  EXPECT_EQ(likely_seasons(std::vector<double>(500, 1.0), scratch)[0], 0u);
  int found = 0;
  for (unsigned seed = 1; seed <= 50; ++seed) {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal;
    std::vector<double> red(800);
    double state = 0;
    for (double& value : red) value = state = 0.9 * state + normal(random);
    found += likely_seasons(red, scratch)[0] > 0;
  }
  EXPECT_LE(found, 25) << "a season too many costs only time here, but not in most series";
}

}  // namespace
}  // namespace trimtab::kernels
