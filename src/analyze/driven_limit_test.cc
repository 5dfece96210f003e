// SPDX-License-Identifier: Apache-2.0
#include "analyze/driven_limit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "analyze/limits.h"

namespace trimtab::analyze {
namespace {

constexpr DurationMs kStep = 5 * kMinuteMs;
constexpr std::size_t kCells = 14 * 288;
constexpr TimestampMs kEnd = 1'795'255'200'000;
constexpr kernels::Cells kTwoWeeks{
    .first_end_ms = kEnd - static_cast<DurationMs>(kCells - 1) * kStep, .step_ms = kStep, .count = kCells};

// Users that come and go with the day and wander from day to day, about 1,000.
std::vector<double> users() {
  std::mt19937_64 random(3);
  std::normal_distribution<double> normal;
  std::vector<double> out;
  double level = 1000;
  for (std::size_t i = 0; i < kCells; ++i) {
    level += 4 * normal(random) - 0.002 * (level - 1000);
    out.push_back(level + 200 * std::sin(2 * M_PI * static_cast<double>(i) / 288));
  }
  return out;
}

DriverHistory history_of(const GrowthDriver& declared, const std::vector<double>& values) {
  DriverHistory out{.declared = &declared, .past = {}};
  for (std::size_t i = 0; i < values.size(); ++i) {
    out.past.timestamps_ms.push_back(kTwoWeeks.end(i));
    out.past.values.push_back(values[i]);
  }
  return out;
}

// 10 and `each` for each user: with 0.04 about 50, of a limit of 100.
std::vector<double> amount_of(const std::vector<double>& driver, double each) {
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal(0, 0.5);
  std::vector<double> out;
  for (const double value : driver) out.push_back(10 + each * value + normal(random));
  return out;
}

std::unique_ptr<LimitState> judged(const std::vector<double>& amount, const DriverHistory* driver) {
  LimitScratch scratch;
  LimitOptions options{.limit = 100, .limit_source = "test", .season_ms = {kDayMs}, .driver = driver};
  return judge_limit(kTwoWeeks, amount, {}, options, scratch);
}

double days_ahead(const std::optional<TimestampMs>& moment) {
  return static_cast<double>(*moment - kEnd) / static_cast<double>(kDayMs);
}

GrowthDriver planned(double value, double days) {
  return {.name = "users",
          .planned = {{kEnd + static_cast<DurationMs>(days * static_cast<double>(kDayMs)), value}}};
}

TEST(DrivenLimit, a_plan_that_doubles_the_driver_reaches_a_limit_that_no_trend_leads_to) {
  const auto driver = users();
  const auto amount = amount_of(driver, 0.04);
  EXPECT_EQ(judged(amount, nullptr), nullptr);
  const GrowthDriver plan = planned(3000, 20);  // the limit is reached at 2,250
  const DriverHistory history = history_of(plan, driver);
  const auto state = judged(amount, &history);
  ASSERT_TRUE(state && state->exhaustion && state->exhaustion->expected_ms);
  EXPECT_EQ(state->method, "driver_first_passage");
  EXPECT_NEAR(days_ahead(state->exhaustion->expected_ms), 12.5, 1.5);
  EXPECT_NE(state->statistic.find("driven by \"users\": 0.0399 for each one more"), std::string::npos)
      << state->statistic;
}

TEST(DrivenLimit, a_plan_soon_to_come_is_foreseen_by_forecasts_with_the_day) {
  const auto driver = users();
  const GrowthDriver plan = planned(3000, 2);
  const DriverHistory history = history_of(plan, driver);
  const auto state = judged(amount_of(driver, 0.04), &history);
  ASSERT_TRUE(state && state->exhaustion && state->exhaustion->expected_ms);
  EXPECT_LT(days_ahead(state->exhaustion->expected_ms), 1.5);
  EXPECT_NE(state->statistic.find("forecasts with it missed"), std::string::npos) << state->statistic;
}

TEST(DrivenLimit, a_plan_that_stays_reaches_nothing) {
  const auto driver = users();
  const GrowthDriver plan = planned(1000, 20);
  const DriverHistory history = history_of(plan, driver);
  EXPECT_EQ(judged(amount_of(driver, 0.04), &history), nullptr);
}

TEST(DrivenLimit, monthly_growth_is_a_plan_too) {
  const auto driver = users();
  const GrowthDriver plan{.name = "users", .planned = {}, .monthly_growth = 1.5};
  const DriverHistory history = history_of(plan, driver);
  const auto state = judged(amount_of(driver, 0.04), &history);
  ASSERT_TRUE(state && state->exhaustion);
  EXPECT_NEAR(days_ahead(state->exhaustion->expected_ms), 27, 4);  // 2,250 = 1,000 * 2.5^(27 / 30)
}

TEST(DrivenLimit, a_driver_that_moves_nothing_is_left_out_and_the_trend_says_so) {
  const auto driver = users();
  std::vector<double> amount = amount_of(driver, 0);
  for (std::size_t i = 0; i < amount.size(); ++i) amount[i] += 70 * static_cast<double>(i) / kCells;
  const GrowthDriver plan = planned(3000, 20);
  const DriverHistory history = history_of(plan, driver);
  const auto state = judged(amount, &history);
  ASSERT_TRUE(state && state->exhaustion);
  EXPECT_NE(state->method, "driver_first_passage");
  EXPECT_NE(state->statistic.find("its driver \"users\" is left out: "), std::string::npos)
      << state->statistic;
}

TEST(DrivenLimit, the_planned_future_keeps_the_swing_of_the_last_day) {
  const auto driver = users();
  const GrowthDriver plan = planned(1000, 20);
  const auto future = planned_future(plan, kTwoWeeks, driver, 288, 288);
  ASSERT_EQ(future.size(), 288u);
  EXPECT_NEAR(future[72] / future[216], 1.5, 0.25);  // 1,200 against 800
  EXPECT_TRUE(planned_future(plan, kTwoWeeks, std::vector<double>(kCells, NAN), 288, 5).empty());
}

}  // namespace
}  // namespace trimtab::analyze
