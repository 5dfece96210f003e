// SPDX-License-Identifier: Apache-2.0
#include "kernels/anomaly/series_detector.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <random>
#include <vector>

#include "kernels/noise_testlib.h"
#include "kernels/tail.h"

namespace trimtab::kernels {
namespace {

const double kNone = std::numeric_limits<double>::quiet_NaN();

// A day's wave with AR(1) noise, spikes at 1500 and 2500 and a lower level from 3200 on.
std::vector<double> telemetry(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> out(count);
  double state = 0;
  for (std::size_t i = 0; i < count; ++i) {
    state = 0.6 * state + normal(random);
    out[i] = 100 + 5 * std::sin(static_cast<double>(i) * 2 * 3.14159265 / 288) + state;
    if (i == 1500 || i == 2500) out[i] += 40;
    if (i >= 3200) out[i] -= 30;
  }
  return out;
}

// AR(1) noise without a season, and a spike at 2000.
std::vector<double> noise_with_spike() {
  std::vector<double> out = noise(3000, 3, 0.6, 100);
  out[2000] += 40;
  return out;
}

std::vector<AnomalyPoint> judge(const std::vector<double>& values) {
  std::vector<AnomalyPoint> out(values.size());
  detect_anomalies(values, SeriesDetector::kValuesPerDayDefault, out);
  return out;
}

TEST(SeriesDetector, spike_and_level_shift_stand_out_when_they_begin) {
  const auto points = judge(telemetry(4000, 1));
  for (const std::size_t at : {std::size_t{1500}, std::size_t{2500}, std::size_t{3200}}) {
    EXPECT_TRUE(points[at].is_anomaly) << at;
    EXPECT_GT(points[at].score, 0.95) << at;
  }
  EXPECT_GT(points[1500].deviation, 10);
  EXPECT_LT(points[3200].deviation, -5);
  std::size_t alarms_before = 0;
  for (std::size_t i = 0; i < 1500; ++i) alarms_before += points[i].is_anomaly ? 1 : 0;
  EXPECT_EQ(alarms_before, 0U);
}

TEST(SeriesDetector, score_is_about_the_share_of_points_that_surprise_less) {
  std::size_t high = 0;
  std::size_t judged = 0;
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal;
    SeriesDetector detector;
    for (int i = 0; i < 3000; ++i) {
      const AnomalyPoint point = detector.update(normal(random));
      if (i < 500) continue;
      ++judged;
      high += point.score >= 0.99 ? 1 : 0;
    }
  }
  // Quiet stretches only take away.
  EXPECT_LT(static_cast<double>(high) / static_cast<double>(judged), 0.01);
  EXPECT_GT(high, 0U);
}

TEST(SeriesDetector, row_in_alarm_never_has_a_low_score) {
  std::size_t alarms = 0;
  for (unsigned seed = 0; seed < 10; ++seed) {
    for (const AnomalyPoint& point : judge(telemetry(4000, seed))) {
      EXPECT_GE(point.score, 0);
      EXPECT_LE(point.score, 1);
      if (!point.is_anomaly) continue;
      ++alarms;
      EXPECT_GE(point.score, SeriesDetector::kAlarmScore);
    }
  }
  EXPECT_GT(alarms, 20U);
}

TEST(SeriesDetector, false_alarms_on_noise_stay_within_one_in_thirty_days) {
  std::size_t alarms = 0;
  double days = 0;
  for (unsigned seed = 0; seed < 40; ++seed) {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal;
    SeriesDetector detector;
    double state = 0;
    bool before = false;
    for (int i = 0; i < 288 * 14; ++i) {
      state = 0.8 * state + normal(random);
      const bool now = detector.update_alarm(50 + state).is_anomaly;
      alarms += now && !before ? 1 : 0;
      before = now;
    }
    days += 14;
  }
  EXPECT_LE(static_cast<double>(alarms), days / 30);
}

TEST(SeriesDetector, judgement_is_the_same_shifted_and_scaled) {
  const auto values = telemetry(4000, 2);
  const auto points = judge(values);
  // Powers of two change no digit of a number.
  auto scaled = values;
  for (double& value : scaled) value *= 1024;
  const auto scaled_points = judge(scaled);
  std::size_t differing = 0;
  auto shifted = values;
  for (double& value : shifted) value = value - 0.5;
  const auto shifted_points = judge(shifted);
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(points[i].score, scaled_points[i].score);
    EXPECT_EQ(points[i].is_anomaly, scaled_points[i].is_anomaly);
    // Shifted, rounding may move a distance over the edge of a bucket of the histogram.
    differing += std::abs(points[i].score - shifted_points[i].score) > 0.02 ? 1 : 0;
    EXPECT_EQ(points[i].is_anomaly, shifted_points[i].is_anomaly) << i;
  }
  EXPECT_LT(differing, 40U);
}

TEST(SeriesDetector, empty_one_point_constant_and_gaps_give_no_anomaly) {
  EXPECT_TRUE(judge({}).empty());
  EXPECT_EQ(judge({5}).front().score, 0);
  for (const double level : {0.0, 7.0, -1e12, 1e-300}) {
    for (const AnomalyPoint& point : judge(std::vector<double>(3000, level))) {
      EXPECT_EQ(point.score, 0);
      EXPECT_FALSE(point.is_anomaly);
    }
  }
  const auto values = noise_with_spike();
  std::vector<double> gappy;
  std::vector<std::size_t> where;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i % 7 == 0) gappy.push_back(i % 2 == 0 ? kNone : std::numeric_limits<double>::infinity());
    where.push_back(gappy.size());
    gappy.push_back(values[i]);
  }
  const auto whole = judge(values);
  const auto points = judge(gappy);
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(whole[i].score, points[where[i]].score);
    EXPECT_EQ(whole[i].is_anomaly, points[where[i]].is_anomaly);
  }
  EXPECT_EQ(points[0].score, 0);
  EXPECT_FALSE(points[0].is_anomaly);
}

TEST(SeriesDetector, first_move_of_a_constant_series_is_told) {
  std::vector<double> values(1000, 45);
  values[800] = 60;
  const auto points = judge(values);
  EXPECT_GT(points[800].score, 0.999);
  EXPECT_TRUE(points[800].is_anomaly ==
              (std::abs(points[800].deviation) >= AlarmLanes::kLevelRule.deviation));
}

TEST(SeriesDetector, restored_in_mid_stream_goes_on_with_the_same_scores) {
  const auto values = telemetry(4000, 4);
  for (const std::size_t cut :
       {std::size_t{0}, std::size_t{5}, std::size_t{60}, std::size_t{1501}, std::size_t{3900}}) {
    SeriesDetector first;
    for (std::size_t i = 0; i < cut; ++i) first.update(values[i]);
    const std::string bytes = first.save();
    SeriesDetector second(1);
    ASSERT_TRUE(second.restore(bytes).has_value());
    EXPECT_EQ(second.save(), bytes);
    for (std::size_t i = cut; i < values.size(); ++i) {
      const AnomalyPoint a = first.update(values[i]);
      const AnomalyPoint b = second.update(values[i]);
      ASSERT_EQ(a.score, b.score) << cut << " " << i;
      ASSERT_EQ(a.is_anomaly, b.is_anomaly);
      ASSERT_EQ(a.deviation, b.deviation);
    }
  }
}

TEST(SeriesDetector, damaged_state_is_refused_and_leaves_a_new_detector) {
  SeriesDetector detector;
  for (const double value : telemetry(500, 5)) detector.update(value);
  const std::string bytes = detector.save();
  for (std::size_t size = 0; size < bytes.size(); size += 97) {
    SeriesDetector other;
    EXPECT_FALSE(other.restore(std::string_view(bytes).substr(0, size)).has_value());
    EXPECT_EQ(other.values_seen(), 0U);
  }
  SeriesDetector other;
  EXPECT_FALSE(other.restore(bytes + "x").has_value());
  std::string newer = bytes;
  newer[0] = 9;
  const Status status = other.restore(newer);
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code(), ErrorCode::kVersion);
}

TEST(ValueMemory, known_value_is_known_however_far_from_the_first) {
  ValueMemory memory;
  for (const double value : {1e9, 1e9 + 1, 3.0, -7e12, 0.1}) memory.learn(value);
  for (const double value : {1e9, 1e9 + 1, 3.0, -7e12, 0.1}) EXPECT_EQ(memory.learn(value), 0);
}

TEST(ValueMemory, when_full_keeps_the_extremes_and_covers_the_range) {
  std::mt19937 random(7);
  std::normal_distribution<double> normal;
  ValueMemory memory;
  double lowest = 0;
  double highest = 0;
  for (int i = 0; i < 50000; ++i) {
    const double value = normal(random);
    memory.learn(value);
    lowest = std::min(lowest, value);
    highest = std::max(highest, value);
  }
  EXPECT_EQ(memory.learn(lowest), 0);
  EXPECT_EQ(memory.learn(highest), 0);
  for (double value = -2.5; value <= 2.5; value += 0.01) EXPECT_LT(memory.learn(value), 0.05);
  EXPECT_NEAR(memory.learn(highest + 3), 3, 1e-5);
}

TEST(TailCalibrator, agrees_with_the_batch_form_on_ranks_and_tails) {
  std::mt19937 random(8);
  std::exponential_distribution<double> exponential;
  TailCalibrator calibrator;
  std::vector<double> history;
  TailScratch scratch;
  for (int i = 0; i < 1200; ++i) {
    const double value = exponential(random);
    calibrator.add(value);
    history.push_back(value);
  }
  for (const double value : {0.1, 0.5, 1.0, 2.0, 3.5, 5.0, 8.0}) {
    auto sample = history;
    const double batch = -std::log10(upper_tail_probability(sample, value, 1e-9, scratch));
    EXPECT_NEAR(calibrator.surprise(value), batch, 0.15 * batch + 0.05) << value;
  }
}

TEST(TailCalibrator, is_silent_until_it_knows_enough_and_bounded_after) {
  TailCalibrator calibrator;
  for (std::uint64_t i = 0; i + 1 < TailCalibrator::kHistoryMin; ++i) {
    calibrator.add(1);
    EXPECT_EQ(calibrator.surprise(1e9), 0);
  }
  calibrator.add(1);
  EXPECT_GT(calibrator.surprise(1e9), 1);
  EXPECT_LE(calibrator.surprise(1e300), TailCalibrator::kSurpriseMax);
  EXPECT_NEAR(calibrator.surprise(1), 0, 0.5);
}

}  // namespace
}  // namespace trimtab::kernels
