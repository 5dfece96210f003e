// SPDX-License-Identifier: Apache-2.0
#include "kernels/anomaly/metrics_detector.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace trimtab::kernels {
namespace {

constexpr std::size_t kMetrics = 4;

// Load, and three metrics that follow it with their own noise; the last one never moves.
std::vector<double> service(std::size_t rows, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> out;
  double load = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    load = 0.9 * load + normal(random);
    out.insert(out.end(), {load, 2 * load + 0.2 * normal(random), 100 - load + 0.2 * normal(random), 7});
  }
  return out;
}

TEST(MetricsDetector, broken_relation_is_found_where_each_metric_alone_looks_usual) {
  auto detector = MetricsDetector::fit(service(4000, 1), kMetrics);
  ASSERT_TRUE(detector.has_value());
  auto rows = service(300, 2);
  // For six rows the second metric leaves the load behind, within its own range.
  for (std::size_t i = 200; i < 206; ++i) rows[i * kMetrics + 1] = -rows[i * kMetrics + 1] + 6;
  std::vector<double> contributions(kMetrics);
  std::vector<std::size_t> alarms;
  for (std::size_t i = 0; i < 300; ++i) {
    const auto point = detector->update({rows.data() + i * kMetrics, kMetrics}, contributions);
    if (point.is_anomaly) alarms.push_back(i);
    if (i != 202) continue;
    EXPECT_GT(point.score, 0.9995);
    EXPECT_EQ(std::max_element(contributions.begin(), contributions.end()) - contributions.begin(), 1);
    EXPECT_EQ(contributions[3], 0);
  }
  ASSERT_FALSE(alarms.empty());
  EXPECT_EQ(alarms.front(), 200U);
  EXPECT_EQ(alarms.back() - alarms.front() + 1, alarms.size());
  EXPECT_LT(alarms.back(), 250U);
}

TEST(MetricsDetector, row_in_alarm_never_has_a_low_score) {
  auto detector = MetricsDetector::fit(service(4000, 11), kMetrics);
  ASSERT_TRUE(detector.has_value());
  auto rows = service(2000, 12);
  for (std::size_t i = 500; i < 520; ++i) rows[i * kMetrics] += 8;
  std::size_t alarms = 0;
  for (std::size_t i = 0; i < 2000; ++i) {
    const auto point = detector->update({rows.data() + i * kMetrics, kMetrics});
    if (point.is_anomaly) {
      EXPECT_GE(point.score, MetricsDetector::kAlarmScore);
      ++alarms;
    } else {
      EXPECT_LT(point.score, 1 - 1 / MetricsDetector::kOpenRows + 1e-12);
    }
  }
  EXPECT_GT(alarms, 20U);
  EXPECT_LT(alarms, 100U);
}

TEST(MetricsDetector, score_is_calibrated_on_rows_like_the_training_ones) {
  auto detector = MetricsDetector::fit(service(20000, 3), kMetrics);
  ASSERT_TRUE(detector.has_value());
  const auto rows = service(20000, 4);
  std::size_t over_nine_tenths = 0;
  std::size_t over_999 = 0;
  for (std::size_t i = 0; i < 20000; ++i) {
    const double score = detector->update({rows.data() + i * kMetrics, kMetrics}).score;
    over_nine_tenths += score >= 0.9 ? 1 : 0;
    over_999 += score >= 0.999 ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(over_nine_tenths) / 20000, 0.1, 0.03);
  EXPECT_LT(static_cast<double>(over_999) / 20000, 0.003);
}

TEST(MetricsDetector, equals_the_definition_on_a_small_input) {
  // One metric: distance is a form in its value and two means; far values are ordered by their size.
  std::mt19937 random(5);
  std::normal_distribution<double> normal;
  std::vector<double> train(500);
  for (double& value : train) value = normal(random);
  double before = 0;
  for (const double value : {4.0, 5.0, 6.0, 8.0}) {
    auto detector = MetricsDetector::fit(train, 1);
    ASSERT_TRUE(detector.has_value());
    const double score = detector->update(std::vector<double>{value}).score;
    EXPECT_GT(score, before);
    before = score;
  }
}

TEST(MetricsDetector, does_not_depend_on_units) {
  const auto rows = service(1000, 6);
  auto other = rows;
  for (std::size_t i = 0; i < other.size(); i += kMetrics) {
    other[i] = other[i] * 1e6 + 3;
    other[i + 2] = other[i + 2] * -0.001;
  }
  const auto a = detect_in_metrics(rows, kMetrics);
  const auto b = detect_in_metrics(other, kMetrics);
  ASSERT_TRUE(a.has_value() && b.has_value());
  for (std::size_t i = 0; i < a->size(); ++i) EXPECT_NEAR((*a)[i].score, (*b)[i].score, 2e-3);
}

TEST(MetricsDetector, gaps_say_nothing_and_too_little_is_refused) {
  EXPECT_FALSE(MetricsDetector::fit({}, 3).has_value());
  EXPECT_FALSE(MetricsDetector::fit(std::vector<double>(90, 1.5), 3).has_value());
  const auto still = MetricsDetector::fit(std::vector<double>(3000, 1.5), 3);
  ASSERT_FALSE(still.has_value());
  EXPECT_NE(still.error().message().find("none of them ever moves"), std::string::npos);
  EXPECT_FALSE(MetricsDetector::fit(std::vector<double>(3000, 1.5), 0).has_value());
  auto rows = service(500, 7);
  for (std::size_t i = 0; i < rows.size(); i += 9) rows[i] = std::numeric_limits<double>::quiet_NaN();
  auto detector = MetricsDetector::fit(rows, kMetrics);
  ASSERT_TRUE(detector.has_value());
  const std::vector<double> nothing(kMetrics, std::numeric_limits<double>::quiet_NaN());
  const auto point = detector->update(nothing);
  EXPECT_GE(point.score, 0);
  EXPECT_LE(point.score, 1);
}

TEST(MetricsDetector, restored_in_mid_stream_goes_on_with_the_same_scores) {
  auto detector = MetricsDetector::fit(service(1000, 8), kMetrics);
  ASSERT_TRUE(detector.has_value());
  const auto rows = service(200, 9);
  for (std::size_t i = 0; i < 77; ++i) detector->update({rows.data() + i * kMetrics, kMetrics});
  const std::string bytes = detector->save();
  auto other = MetricsDetector::restore(bytes);
  ASSERT_TRUE(other.has_value());
  for (std::size_t i = 77; i < 200; ++i) {
    const std::span<const double> row{rows.data() + i * kMetrics, kMetrics};
    EXPECT_EQ(detector->update(row).score, other->update(row).score);
  }
  for (std::size_t size = 0; size < bytes.size(); size += 331) {
    EXPECT_FALSE(MetricsDetector::restore(std::string_view(bytes).substr(0, size)).has_value());
  }
}

}  // namespace
}  // namespace trimtab::kernels
