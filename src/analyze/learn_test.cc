// SPDX-License-Identifier: Apache-2.0
#include "analyze/learn.h"

#include <gtest/gtest.h>

#include <cmath>

#include "analyze/memory.h"
#include "analyze/onset.h"
#include "analyze/synthetic_testlib.h"

namespace trimtab::analyze {
namespace {

constexpr std::size_t kDay = 1440;
constexpr TimestampMs kEnd = 1'795'255'200'000;

kernels::Cells cells_of(std::size_t count, DurationMs step_ms = kMinuteMs) {
  return {.first_end_ms = kEnd - static_cast<TimestampMs>(count - 1) * step_ms,
          .step_ms = step_ms,
          .count = count};
}

Learnt learnt_from(const std::vector<double>& values, DurationMs step_ms = kMinuteMs) {
  LearnScratch scratch;
  return learn(cells_of(values.size(), step_ms), values, scratch);
}

TEST(Learn, a_day_an_hour_and_a_cycle_of_its_own_are_told_by_their_exact_period) {
  const auto seasonal = learnt_from(quiet_series(Quiet::kSeasonal, 6 * kDay, kDay, 4));
  EXPECT_EQ(seasonal.season_ms[0], kDayMs);
  EXPECT_EQ(seasonal.season_ms[1], kHourMs);
  auto own = quiet_series(Quiet::kNormal, 4000, kDay, 5);
  for (std::size_t i = 0; i < own.size(); ++i)
    own[i] += 20 * std::sin(2 * M_PI * static_cast<double>(i) / 88);
  EXPECT_EQ(learnt_from(own, 5 * kMinuteMs).season_ms[0], 88 * 5 * kMinuteMs);
}

TEST(Learn, series_without_a_season_have_none) {
  for (const Quiet kind : {Quiet::kNormal, Quiet::kRed, Quiet::kLogNormal, Quiet::kBursty, Quiet::kSparse,
                           Quiet::kSteps, Quiet::kCounts}) {
    for (unsigned seed = 1; seed <= 4; ++seed) {
      const auto learnt = learnt_from(quiet_series(kind, 4 * kDay, kDay, seed));
      EXPECT_EQ(learnt.season_ms[0], 0u) << to_string(kind) << " " << seed;
    }
  }
}

TEST(Learn, one_lasting_step_starts_the_level_and_many_are_a_habit) {
  auto one = quiet_series(Quiet::kNormal, 6 * kDay, kDay, 7);
  for (std::size_t i = 2 * kDay; i < one.size(); ++i) one[i] += 40;
  const TimestampMs step_ms = kEnd - static_cast<TimestampMs>(4 * kDay) * kMinuteMs;
  const double since = static_cast<double>(learnt_from(one).level_since_ms);
  EXPECT_NEAR(since, static_cast<double>(step_ms), static_cast<double>(kHourMs));
  for (std::size_t i = 4 * kDay; i < one.size(); ++i) one[i] -= 40;
  EXPECT_EQ(learnt_from(one).level_since_ms, 0);
  EXPECT_EQ(learnt_from(quiet_series(Quiet::kSteps, 6 * kDay, kDay, 7)).level_since_ms, 0);
  EXPECT_EQ(learnt_from(quiet_series(Quiet::kSeasonal, 6 * kDay, kDay, 7)).level_since_ms, 0);
  EXPECT_EQ(learnt_from(std::vector<double>(6 * kDay, 3.0)), Learnt{});
  EXPECT_EQ(learnt_from({}), Learnt{});
}

TEST(Learn, cells_learnt_from_stay_while_the_moment_moves_and_lie_in_the_past_that_is_read) {
  const DurationMs history_ms = 7 * kDayMs;
  TimestampMs last_end = 0;
  int moved = 0;
  for (TimestampMs at = kEnd; at < kEnd + 3 * kHourMs; at += 7'321) {
    const kernels::Cells judged{
        .first_end_ms = at - history_ms + kMinuteMs, .step_ms = kMinuteMs, .count = 7 * kDay};
    const auto cells = cells_to_learn(judged, 6 * kDay, at - history_ms, history_ms, 1'234'567);
    const TimestampMs end = cells.end(cells.count - 1);
    EXPECT_EQ((end - 1'234'567) % kLearnEveryMs, 0);
    EXPECT_LE(end, judged.end(6 * kDay - 1));
    EXPECT_GE(cells.end(0) - cells.step_ms, at - history_ms);
    EXPECT_GE(cells.count, 6 * kDay - 2 * 60);
    moved += end != last_end;
    last_end = end;
  }
  EXPECT_EQ(moved, 4);
  EXPECT_EQ(cells_to_learn(cells_of(10), 0, kEnd, history_ms, 0).count, 0u);
}

TEST(Onset, is_dated_to_the_cell_and_tells_when_it_is_over) {
  auto values = quiet_series(Quiet::kNormal, 3000, kDay, 3);  // 100 +- 5
  for (std::size_t i = 2000; i < values.size(); ++i) values[i] += 30;
  OnsetScratch scratch;
  const Move move{.centre = 100, .scale = 5, .shift = 30};
  const auto far = find_onset(values, move, 30, 2000, scratch);
  ASSERT_TRUE(far);
  EXPECT_NEAR(static_cast<double>(far->cell), 2000, 1);
  EXPECT_FALSE(far->over);
  EXPECT_LT(far->change.probability(), 1e-6);
  for (std::size_t i = 2950; i < values.size(); ++i) values[i] -= 30;
  const auto ended = find_onset(values, move, 30, 2000, scratch);
  ASSERT_TRUE(ended);
  EXPECT_TRUE(ended->over);
  EXPECT_FALSE(find_onset(quiet_series(Quiet::kNormal, 3000, kDay, 4), move, 30, 2000, scratch));
}

TEST(Memory, gives_back_only_what_was_learnt_of_the_same_samples) {
  Memory memory;
  const Learnt learnt{.season_ms = {kDayMs, kHourMs, 0}, .level_since_ms = -5};
  memory.put(1, 10, learnt);
  EXPECT_EQ(memory.find(1, 10), learnt);
  EXPECT_FALSE(memory.find(1, 11));
  EXPECT_FALSE(memory.find(2, 10));
  EXPECT_EQ(memory.hits(), 1u);
  EXPECT_EQ(memory.misses(), 2u);
}

TEST(Learn, two_days_of_a_daily_swing_are_expected_from_the_first_and_red_noise_and_a_trend_are_not) {
  const auto first_day = [](const std::vector<double>& values) {
    return learnt_from(values, 5 * kMinuteMs).first_day;
  };
  EXPECT_TRUE(first_day(quiet_series(Quiet::kSeasonal, 514, 288, 1)));
  EXPECT_FALSE(first_day(quiet_series(Quiet::kSeasonal, 400, 288, 1)));  // less than a day and a half
  std::vector<double> trend = quiet_series(Quiet::kNormal, 514, 288, 1);
  for (std::size_t i = 0; i < trend.size(); ++i) trend[i] += static_cast<double>(i);
  EXPECT_FALSE(first_day(trend));
  int taken = 0;
  for (unsigned seed = 1; seed <= 100; ++seed) {
    taken += first_day(quiet_series(Quiet::kRed, 514, 288, seed));
    taken += first_day(quiet_series(Quiet::kRandomWalk, 514, 288, seed));
  }
  EXPECT_LE(taken, 2);  // of 200
}

TEST(Memory, survives_as_bytes_and_refuses_damaged_ones) {
  Memory memory;
  for (std::uint64_t i = 0; i < 100; ++i)
    memory.put(i * 77, i, {.season_ms = {kDayMs, static_cast<std::uint32_t>(i), 0}, .level_since_ms = kEnd});
  const std::string bytes = memory.save();
  Memory other;
  ASSERT_TRUE(other.restore(bytes).has_value());
  EXPECT_EQ(other.size(), 100u);
  EXPECT_EQ(other.find(77 * 42, 42)->season_ms[1], 42u);
  EXPECT_EQ(other.save(), bytes);
  for (const std::size_t at : {std::size_t{0}, std::size_t{20}, std::size_t{500}, bytes.size() - 1}) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    EXPECT_EQ(other.restore(damaged).error().code(), ErrorCode::kCorrupt) << at;
  }
  for (const std::size_t length : {0, 7, 31, 1000})
    EXPECT_FALSE(other.restore(std::string_view(bytes).substr(0, static_cast<std::size_t>(length))));
  std::string newer = bytes;
  newer[8] = static_cast<char>(newer[8] + 1);
  EXPECT_EQ(other.restore(newer).error().code(), ErrorCode::kVersion);
  EXPECT_EQ(other.size(), 100u);  // a refused state leaves what was known
}

TEST(Memory, what_nobody_asks_for_is_forgotten_and_its_size_is_bounded) {
  Memory memory;
  memory.put(1, 1, {});
  memory.put(2, 2, {});
  for (std::uint32_t pass = 0; pass <= Memory::kIdlePassesMax; ++pass) {
    (void)memory.find(2, 2);
    memory.end_pass();
  }
  EXPECT_EQ(memory.size(), 1u);
  EXPECT_TRUE(memory.find(2, 2));
  for (std::uint64_t i = 0; i <= Memory::kRecordsMax; ++i) memory.put(i + 10, i, {});
  EXPECT_EQ(memory.size(), Memory::kRecordsMax);
  EXPECT_EQ(memory.refused(), 2u);
}

}  // namespace
}  // namespace trimtab::analyze
