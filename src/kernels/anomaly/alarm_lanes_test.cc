// SPDX-License-Identifier: Apache-2.0
#include "kernels/anomaly/alarm_lanes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <numbers>
#include <random>
#include <vector>

#include "kernels/seasonality.h"

namespace trimtab::kernels {
namespace {

constexpr double kDay = 96;  // values
const double kNone = std::numeric_limits<double>::quiet_NaN();

// A daily wave of 10 to either side with a little white noise.
std::vector<double> wave(std::size_t days, unsigned seed, double amplitude = 10) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> out(days * static_cast<std::size_t>(kDay));
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] =
        100 + amplitude * std::sin(2 * std::numbers::pi * static_cast<double>(i) / kDay) + normal(random);
  }
  return out;
}

std::vector<AlarmState> judge(const std::vector<double>& values, double values_per_day = kDay) {
  const auto lanes = std::make_unique<AlarmLanes>(values_per_day);
  std::vector<AlarmState> out;
  for (const double value : values) out.push_back(lanes->update(value));
  return out;
}

TEST(SeasonProfile, day_is_found_and_its_profile_is_the_wave) {
  SeasonProfile season(kDay);
  const auto values = wave(12, 1);
  for (const double value : values) season.push(value);
  EXPECT_EQ(season.period(), 96U);
  for (std::size_t i = 0; i < 96; ++i) {
    EXPECT_NEAR(season.next(), 10 * std::sin(2 * std::numbers::pi * static_cast<double>(i) / kDay), 3.5) << i;
    season.push(100);
  }
}

TEST(SeasonProfile, profile_at_the_look_is_that_of_the_kernel) {
  SeasonProfile season(kDay);
  std::vector<double> seen;
  const auto values = wave(12, 2);
  bool found = false;
  for (std::size_t i = 0; i < values.size() && !found; ++i) {
    found = season.push(values[i]);
    seen.push_back(static_cast<double>(static_cast<float>(values[i])));
  }
  ASSERT_TRUE(found);
  std::vector<double> profile(season.period());
  SeasonScratch scratch;
  seasonal_profile(seen, profile.size(), scratch, profile);
  for (std::size_t i = 0; i < profile.size(); ++i) {
    EXPECT_EQ(season.next(),
              static_cast<double>(static_cast<float>(profile[(seen.size() + i) % profile.size()])));
    season.push(kNone);
  }
}

TEST(SeasonProfile, gap_takes_its_time) {
  SeasonProfile with_gap(kDay);
  SeasonProfile whole(kDay);
  const auto values = wave(12, 3);
  for (std::size_t i = 0; i < values.size(); ++i) {
    with_gap.push(i > 800 && i < 850 ? kNone : values[i]);
    whole.push(values[i]);
  }
  EXPECT_EQ(with_gap.period(), whole.period());
}

TEST(SeasonProfile, long_past_is_kept_in_wide_cells_and_a_day_is_still_exact) {
  constexpr std::size_t kMinutes = 1440;
  SeasonProfile season(kMinutes);
  std::mt19937 random(5);
  std::normal_distribution<double> normal;
  for (std::size_t i = 0; i < 10 * kMinutes; ++i) {
    season.push(std::cos(2 * std::numbers::pi * static_cast<double>(i) / kMinutes) + 0.2 * normal(random));
  }
  EXPECT_EQ(season.period(), kMinutes);
  StateWriter out;
  season.save(out);
  EXPECT_LT(out.take().size(), 4 * SeasonProfile::kCellsMax + 8 * kMinutes);
}

TEST(AlarmLanes, value_that_is_usual_at_noon_is_an_alarm_at_midnight) {
  auto values = wave(20, 6);
  const std::size_t trough = 15 * 96 + 72;
  values[trough] += 18;  // as high as every day's peak
  const auto states = judge(values);
  EXPECT_TRUE(states[trough].is_alarm);
  EXPECT_EQ(states[trough].lane, AlarmLane::kSeason);
  EXPECT_GT(states[trough].deviation, 8);
  std::size_t others = 0;
  for (std::size_t i = 0; i < states.size(); ++i) others += states[i].is_alarm && i != trough ? 1 : 0;
  EXPECT_EQ(others, 0U);
}

TEST(AlarmLanes, season_of_noise_found_by_chance_does_not_judge) {
  for (unsigned seed = 0; seed < 10; ++seed) {
    for (const AlarmState& state : judge(wave(40, seed, 0))) EXPECT_EQ(state.lane, AlarmLane::kLevel);
  }
}

TEST(AlarmLanes, jump_of_a_smooth_wanderer_is_told_by_the_step) {
  std::mt19937 random(7);
  std::normal_distribution<double> normal;
  std::vector<double> values(3000);
  double speed = 0;
  double place = 0;
  for (double& value : values) {
    speed = 0.9 * speed + 0.1 * normal(random);
    place += speed;
    value = place + 0.05 * normal(random);
  }
  values[2500] += 12;  // far less than it wanders
  const auto states = judge(values, 288);
  EXPECT_TRUE(states[2500].is_alarm);
  EXPECT_EQ(states[2500].lane, AlarmLane::kStep);
  EXPECT_EQ(alarm_lane_name(states[2500].lane), "step");
}

TEST(AlarmLanes, empty_one_point_constant_and_gaps_give_no_alarm) {
  EXPECT_FALSE(AlarmLanes(kDay).update(5).is_alarm);
  for (const double level : {0.0, 7.0, -1e12, 1e-300}) {
    for (const AlarmState& state : judge(std::vector<double>(3000, level))) {
      EXPECT_FALSE(state.is_alarm);
      EXPECT_EQ(state.deviation, 0);
    }
  }
  auto values = wave(20, 8);
  for (std::size_t i = 0; i < values.size(); i += 5) values[i] = i % 2 == 0 ? kNone : INFINITY;
  const auto states = judge(values);
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_FALSE(states[i].is_alarm) << i;
}

TEST(AlarmLanes, false_alarms_on_seasonal_noise_stay_within_one_in_thirty_days) {
  std::size_t alarms = 0;
  double days = 0;
  for (unsigned seed = 0; seed < 20; ++seed) {
    bool before = false;
    for (const AlarmState& state : judge(wave(30, seed + 100))) {
      alarms += state.is_alarm && !before ? 1 : 0;
      before = state.is_alarm;
    }
    days += 30;
  }
  EXPECT_LE(static_cast<double>(alarms), days / 30);
}

TEST(AlarmLanes, restored_in_mid_stream_goes_on_alike) {
  auto values = wave(30, 10);
  values[2000] += 25;
  for (const std::size_t cut : {std::size_t{0}, std::size_t{7}, std::size_t{500}, std::size_t{1999}}) {
    AlarmLanes first(kDay);
    for (std::size_t i = 0; i < cut; ++i) first.update(values[i]);
    StateWriter out;
    first.save(out);
    const std::string bytes = out.take();
    StateReader in(bytes);
    AlarmLanes second(1);
    second.restore(in);
    ASSERT_TRUE(in.ok() && in.at_end());
    for (std::size_t i = cut; i < values.size(); ++i) {
      const AlarmState a = first.update(values[i]);
      const AlarmState b = second.update(values[i]);
      ASSERT_EQ(a.is_alarm, b.is_alarm) << cut << " " << i;
      ASSERT_EQ(a.deviation, b.deviation) << cut << " " << i;
      ASSERT_EQ(a.lane, b.lane);
    }
    EXPECT_EQ(first.season(), 96U);
  }
}

}  // namespace
}  // namespace trimtab::kernels
