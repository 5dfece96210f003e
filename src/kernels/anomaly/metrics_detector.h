// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace trimtab::kernels {

struct MetricsPoint {
  // In [0, 1]. 1 - score is the share of the training rows that lie as far from their usual joint behaviour,
  // carried on beyond the farthest of them by a Pareto tail (Hill's estimator over the top 2 %).
  double score = 0;
  // An alarm: opens at a row rarer than one in kOpenRows, closes when kCloseRun rows in a row are more common
  // than one in kCloseRows. One episode is one alarm; a row in alarm has a score of kAlarmScore or more.
  bool is_anomaly = false;
};

// Judges rows of several metrics together: the Mahalanobis distance (Hotelling's T^2 over all principal
// components that vary, which holds the squared prediction error too) of each metric's value and its means
// over the last 5 and 20 rows: which metrics move together, and how long, is learnt as one covariance
// (dynamic PCA: Ku, Storer and Georgakis 1995). Metrics that never moved while training are left out.
// Causal; about 3 * metrics squared multiply-adds a row. Not thread-safe.
class MetricsDetector {
 public:
  // rows: row after row of `metrics` values; NaN is a gap. A training stretch with anomalies in it is no
  // harm while they are rare. Errors: kInvalid when there are fewer than kRowsMin rows or no metric moves.
  static Result<MetricsDetector> fit(std::span<const double> rows, std::size_t metrics);

  // The next row. `contributions` (size metrics, or empty) receives how much of the deviation each metric
  // makes: by how much the distance falls when that metric alone is set right (reconstruction-based
  // contribution: Alcala and Qin 2009), and the square of its own deviation in training standard deviations,
  // as their geometric mean with the weights kJointPart and 1 - kJointPart. 0: none. Over several rows, add.
  MetricsPoint update(std::span<const double> row, std::span<double> contributions = {});

  std::size_t metrics() const { return metrics_; }

  std::string save() const;
  // Errors: kVersion, kInvalid when damaged or cut short.
  static Result<MetricsDetector> restore(std::string_view bytes);

  static constexpr std::array<std::size_t, 3> kWidths = {1, 5, 20};
  static constexpr std::size_t kRowsMin = 64;
  static constexpr std::size_t kMetricsMax = 512;
  static constexpr double kVarianceMin = 1e-6;  // of the largest eigenvalue: less is rounding, not behaviour
  static constexpr double kTailShare = 0.02;
  static constexpr double kOpenRows = 1000;
  static constexpr double kCloseRows = 500;
  static constexpr std::size_t kCloseRun = 10;
  static constexpr double kJointPart = 0.25;
  static constexpr double kAlarmScore = 0.95;
  static constexpr std::size_t kRanks = 512;  // quantiles kept of the training distances
  static constexpr std::uint64_t kStateVersion = 2;

 private:
  void push(std::span<const double> row);
  double distance(std::span<double> contributions);
  double surprise(double distance) const;

  std::size_t metrics_ = 0;
  std::uint64_t rows_ = 0;
  std::vector<double> centre_;     // per metric
  std::vector<double> scale_;      // per metric
  std::vector<double> precision_;  // (3 metrics)^2: the pseudo-inverse of the covariance
  std::vector<double> ring_;       // the last 20 standardised rows
  std::vector<double> features_;   // of the last row
  std::vector<double> product_;    // scratch
  std::vector<double> ranks_;      // quantiles of the training distances, rising
  bool alarm_ = false;
  std::uint64_t common_run_ = 0;  // rows in a row that close an alarm
  double threshold_ = 0;          // of the tail
  double log_spread_ = 1;
};

// Fits and judges one and the same rows: the non-causal form.
Result<std::vector<MetricsPoint>> detect_in_metrics(std::span<const double> rows, std::size_t metrics);

}  // namespace trimtab::kernels
