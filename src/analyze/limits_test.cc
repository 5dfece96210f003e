// SPDX-License-Identifier: Apache-2.0
#include "analyze/limits.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

namespace trimtab::analyze {
namespace {

// A week at 5 minutes of an amount with a limit of 100.
std::unique_ptr<LimitState> judged(const std::function<double(double)>& amount_by_day) {
  constexpr std::size_t kCells = 7 * 288;
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  std::vector<double> values(kCells);
  for (std::size_t i = 0; i < kCells; ++i)
    values[i] = amount_by_day(static_cast<double>(i) / 288) + 0.2 * normal(random);
  const kernels::Cells cells{.first_end_ms = 1'795'255'200'000, .step_ms = 5 * kMinuteMs, .count = kCells};
  LimitScratch scratch;
  return judge_limit(cells, values, {}, {.limit = 100, .limit_source = "test"}, scratch);
}

TEST(Limits, a_steady_rise_runs_out_and_a_cache_that_fills_does_not) {
  const auto leak = judged([](double day) { return 30 + 5 * day; });
  ASSERT_TRUE(leak && leak->exhaustion && leak->exhaustion->expected_ms);
  const TimestampMs end_ms = 1'795'255'200'000 + (7 * 288 - 1) * 5 * kMinuteMs;
  EXPECT_NEAR(static_cast<double>(*leak->exhaustion->expected_ms - end_ms) / kDayMs, 7, 1);
  // Still rising by half a unit a day at the end: a line would reach the limit within the horizon.
  EXPECT_EQ(judged([](double day) { return 30 - 60 * std::expm1(-day / 2.5); }), nullptr);
  EXPECT_EQ(judged([](double) { return 30; }), nullptr);
}

}  // namespace
}  // namespace trimtab::analyze
