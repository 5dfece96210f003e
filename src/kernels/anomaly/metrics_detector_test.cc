// SPDX-License-Identifier: Apache-2.0
#include "kernels/anomaly/metrics_detector.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "kernels/reference_testlib.h"

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

// The definition on plain vectors of vectors.
using Matrix = std::vector<std::vector<double>>;

double form(const Matrix& matrix, const std::vector<double>& v) {
  double sum = 0;
  for (std::size_t a = 0; a < v.size(); ++a)
    for (std::size_t b = 0; b < v.size(); ++b) sum += v[a] * matrix[a][b] * v[b];
  return std::max(0.0, sum);
}

// Eigenvectors (columns of `vectors`) by Jacobi's rotations; the values stay on the diagonal.
void diagonalise(Matrix& a, Matrix& vectors) {
  const std::size_t n = a.size();
  vectors.assign(n, std::vector<double>(n, 0));
  for (std::size_t i = 0; i < n; ++i) vectors[i][i] = 1;
  for (int sweep = 0; sweep < 30; ++sweep) {
    for (std::size_t p = 0; p < n; ++p) {
      for (std::size_t q = p + 1; q < n; ++q) {
        if (std::abs(a[p][q]) < 1e-300) continue;
        const double angle = 0.5 * std::atan2(2 * a[p][q], a[q][q] - a[p][p]);
        const double c = std::cos(angle), s = std::sin(angle);
        for (std::size_t k = 0; k < n; ++k) {
          const double x = a[k][p], y = a[k][q];
          a[k][p] = c * x - s * y, a[k][q] = s * x + c * y;
        }
        for (std::size_t k = 0; k < n; ++k) {
          const double x = a[p][k], y = a[q][k];
          a[p][k] = c * x - s * y, a[q][k] = s * x + c * y;
          const double u = vectors[k][p], w = vectors[k][q];
          vectors[k][p] = c * u - s * w, vectors[k][q] = s * u + c * w;
        }
      }
    }
  }
}

Matrix pseudo_inverse(Matrix covariance) {
  const std::size_t n = covariance.size();
  Matrix vectors;
  diagonalise(covariance, vectors);
  double largest = 0;
  for (std::size_t i = 0; i < n; ++i) largest = std::max(largest, covariance[i][i]);
  Matrix out(n, std::vector<double>(n, 0));
  for (std::size_t i = 0; i < n; ++i) {
    if (!(covariance[i][i] > 1e-6 * largest)) continue;
    for (std::size_t a = 0; a < n; ++a)
      for (std::size_t b = 0; b < n; ++b) out[a][b] += vectors[a][i] * vectors[b][i] / covariance[i][i];
  }
  return out;
}

// Trains on the first `trained` rows; judges them all, the rows behind them as the stream that follows.
class NaiveMetrics {
 public:
  NaiveMetrics(const Matrix& rows, std::size_t trained) : metrics_(rows[0].size()) {
    for (std::size_t j = 0; j < metrics_; ++j) {
      std::vector<double> column;
      for (std::size_t i = 0; i < trained; ++i) column.push_back(rows[i][j]);
      column = reference::present(column);
      centre_.push_back(reference::mean(column));
      scale_.push_back(std::sqrt(reference::scatter(column) / static_cast<double>(column.size())));
      if (scale_.back() <= 1e-12 * std::abs(centre_.back())) scale_.back() = 0;
    }
    for (const auto& row : rows) {
      std::vector<double> standard;
      for (std::size_t j = 0; j < metrics_; ++j)
        standard.push_back(scale_[j] > 0 && std::isfinite(row[j]) ? (row[j] - centre_[j]) / scale_[j] : 0);
      rows_.push_back(standard);
    }
    const std::size_t size = 3 * metrics_;
    Matrix covariance(size, std::vector<double>(size, 0));
    for (std::size_t i = 0; i < trained; ++i) {
      const auto f = features(i);
      for (std::size_t a = 0; a < size; ++a)
        for (std::size_t b = 0; b < size; ++b) covariance[a][b] += f[a] * f[b] / static_cast<double>(trained);
    }
    precision_ = pseudo_inverse(covariance);
    for (std::size_t i = 0; i < trained; ++i) distances_.push_back(form(precision_, features(i)));
    std::sort(distances_.begin(), distances_.end());
  }

  // The value of each metric and its means over the last 5 and 20 rows, as many as there are.
  std::vector<double> features(std::size_t at) const {
    std::vector<double> out;
    for (const std::size_t width : {1, 5, 20}) {
      const std::size_t from = at + 1 > width ? at + 1 - width : 0;
      for (std::size_t j = 0; j < metrics_; ++j) {
        double sum = 0;
        for (std::size_t i = from; i <= at; ++i) sum += rows_[i][j];
        out.push_back(sum / static_cast<double>(at + 1 - from));
      }
    }
    return out;
  }

  double surprise(std::size_t at) const {
    const double distance = form(precision_, features(at));
    const std::size_t n = distances_.size();
    const auto tail = std::max<std::size_t>(1, static_cast<std::size_t>(0.02 * static_cast<double>(n)));
    const double threshold = distances_[n - 1 - tail];
    if (distance > threshold) {  // Hill's estimator
      double spread = 0;
      for (std::size_t i = n - tail; i < n; ++i)
        spread += std::log((distances_[i] + 1e-12) / (threshold + 1e-12)) / static_cast<double>(tail);
      spread = std::max(spread, 1e-3);
      return std::log10(1 / 0.02) + std::log10((distance + 1e-12) / (threshold + 1e-12)) / spread;
    }
    // The share of 512 quantiles that lie as far.
    double above = 0;
    for (std::size_t i = 0; i < 512; ++i) above += distances_[i * (n - 1) / 511] >= distance ? 1 : 0;
    return std::log10(513 / (above + 1));
  }

  // By how much the distance falls when the three features of a metric are chosen at will.
  double contribution(std::size_t at, std::size_t metric) const {
    if (scale_[metric] == 0) return 0;
    std::vector<double> f = features(at);
    const double before = form(precision_, f);
    const std::size_t mine[3] = {metric, metrics_ + metric, 2 * metrics_ + metric};
    // One feature after another to its best place; the distance is a bowl, so this ends at its bottom.
    for (int round = 0; round < 4000; ++round) {
      for (const std::size_t a : mine) {
        double pull = 0;
        for (std::size_t b = 0; b < f.size(); ++b) pull += precision_[a][b] * f[b];
        f[a] -= pull / precision_[a][a];
      }
    }
    return std::pow(std::max(0.0, before - form(precision_, f)), 0.25) *
           std::pow(features(at)[metric] * features(at)[metric], 0.75);
  }

 private:
  std::size_t metrics_;
  std::vector<double> centre_, scale_, distances_;
  Matrix rows_, precision_;
};

TEST(MetricsDetector, every_score_equals_the_definition) {
  for (unsigned seed = 20; seed < 24; ++seed) {
    constexpr std::size_t kTrained = 300, kRows = 360;
    auto flat = service(kRows, seed);
    for (std::size_t i = 5; i < flat.size(); i += 23) flat[i] = std::numeric_limits<double>::quiet_NaN();
    for (std::size_t i = 330; i < 334; ++i) flat[i * kMetrics + 1] += 9;
    Matrix rows;
    for (std::size_t i = 0; i < kRows; ++i)
      rows.emplace_back(flat.begin() + static_cast<std::ptrdiff_t>(i * kMetrics),
                        flat.begin() + static_cast<std::ptrdiff_t>((i + 1) * kMetrics));
    const NaiveMetrics naive(rows, kTrained);
    auto detector = MetricsDetector::fit(std::span(flat).first(kTrained * kMetrics), kMetrics);
    ASSERT_TRUE(detector.has_value());
    bool alarm = false;
    std::size_t common = 0;
    std::vector<double> contributions(kMetrics);
    for (std::size_t i = kTrained; i < kRows; ++i) {
      const MetricsPoint told = detector->update(rows[i], contributions);
      const double surprise = naive.surprise(i);
      // Opens at one in 1000, closes after ten rows more common than one in 500.
      common = surprise >= std::log10(500.0) ? 0 : common + 1;
      alarm = surprise >= 3 || (alarm && common < 10);
      const double score = std::max(0.0, 1 - std::pow(10, -surprise));
      ASSERT_EQ(told.is_anomaly, alarm) << seed << " at " << i;
      ASSERT_NEAR(told.score, alarm ? std::max(score, 0.95) : score, 1e-7) << seed << " at " << i;
      if (i % 9 != 0) continue;
      for (std::size_t j = 0; j < kMetrics; ++j) {
        const double expected = naive.contribution(i, j);
        ASSERT_NEAR(contributions[j], expected, 1e-4 * (1 + expected)) << seed << " at " << i << " of " << j;
      }
    }
  }
}

TEST(MetricsDetector, whole_series_is_judged_as_a_stream_after_itself) {
  const auto rows = service(200, 25);
  auto detector = MetricsDetector::fit(rows, kMetrics);
  const auto points = detect_in_metrics(rows, kMetrics);
  ASSERT_TRUE(detector.has_value() && points.has_value());
  ASSERT_EQ(points->size(), 200U);
  for (std::size_t i = 0; i < points->size(); ++i) {
    const MetricsPoint expected = detector->update({rows.data() + i * kMetrics, kMetrics});
    EXPECT_EQ((*points)[i].score, expected.score);
    EXPECT_EQ((*points)[i].is_anomaly, expected.is_anomaly);
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
