// SPDX-License-Identifier: Apache-2.0
#include "analyze/limits.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

namespace trimtab::analyze {
namespace {

// A week at 5 minutes of an amount with a limit of 100.
std::unique_ptr<LimitState> judged(const std::function<double(double)>& amount_by_day,
                                   const std::function<double(double)>& season_by_day = {}) {
  constexpr std::size_t kCells = 7 * 288;
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  std::vector<double> values(kCells);
  for (std::size_t i = 0; i < kCells; ++i)
    values[i] = amount_by_day(static_cast<double>(i) / 288) + 0.2 * normal(random);
  const kernels::Cells cells{.first_end_ms = 1'795'255'200'000, .step_ms = 5 * kMinuteMs, .count = kCells};
  LimitScratch scratch;
  std::vector<double> season;
  for (std::size_t i = 0; season_by_day && i < kCells; ++i) {
    season.push_back(season_by_day(static_cast<double>(i) / 288));
    values[i] += season.back();
  }
  const std::uint32_t season_ms = season.empty() ? 0 : kDayMs;
  return judge_limit(cells, values, season, {.limit = 100, .limit_source = "test", .season_ms = {season_ms}},
                     scratch);
}

constexpr TimestampMs kEndMs = 1'795'255'200'000 + (7 * 288 - 1) * 5 * kMinuteMs;
double days_ahead(const std::optional<TimestampMs>& moment) {
  return static_cast<double>(*moment - kEndMs) / static_cast<double>(kDayMs);
}

TEST(Limits, a_steady_rise_runs_out_and_a_cache_that_fills_does_not) {
  const auto leak = judged([](double day) { return 30 + 5 * day; });
  ASSERT_TRUE(leak && leak->exhaustion && leak->exhaustion->expected_ms);
  EXPECT_NEAR(days_ahead(leak->exhaustion->expected_ms), 7, 1);
  EXPECT_EQ(leak->method, "theil_sen_first_passage");  // further off than forecasts could be tried on
  // Still rising by half a unit a day at the end: a line would reach the limit within the horizon.
  EXPECT_EQ(judged([](double day) { return 30 - 60 * std::expm1(-day / 2.5); }), nullptr);
  EXPECT_EQ(judged([](double) { return 30; }), nullptr);
}

TEST(Limits, what_is_near_is_told_by_forecasts_that_know_the_day) {
  // 58 to 86 on a line, 10 more at each day's peak, which stands at .25 of a day. The line meets 100
  // after 3.5 days, the peak of the second day is at 86 + 4 * 1.25 + 10 = 101.
  const auto state = judged([](double day) { return 58 + 4 * day; },
                            [](double day) { return 10 * std::sin(2 * M_PI * day); });
  ASSERT_TRUE(state && state->exhaustion && state->exhaustion->expected_ms);
  EXPECT_EQ(state->method, "forecast_first_passage");
  EXPECT_NEAR(days_ahead(state->exhaustion->expected_ms), 1.2, 0.15);
  ASSERT_TRUE(state->exhaustion->earliest_ms);
  EXPECT_LE(*state->exhaustion->earliest_ms, *state->exhaustion->expected_ms);
  EXPECT_NE(state->statistic.find("tried at"), std::string::npos) << state->statistic;
}

}  // namespace
}  // namespace trimtab::analyze
