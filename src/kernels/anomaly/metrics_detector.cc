// SPDX-License-Identifier: Apache-2.0
#include "kernels/anomaly/metrics_detector.h"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/check.h"
#include "kernels/anomaly/state_bytes.h"

namespace trimtab::kernels {
namespace {

constexpr std::size_t kRing = MetricsDetector::kWidths.back();
constexpr double kTiny = 1e-12;
static_assert(MetricsDetector::kWidths.size() == 3);

// Mean and standard deviation of every metric, gaps left out; 1 for a metric that never moves.
void standardise(std::span<const double> rows, std::size_t metrics, std::vector<double>& centre,
                 std::vector<double>& scale) {
  std::vector<double> count(metrics, 0);
  centre.assign(metrics, 0);
  scale.assign(metrics, 0);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!std::isfinite(rows[i])) continue;
    count[i % metrics] += 1;
    centre[i % metrics] += rows[i];
  }
  for (std::size_t j = 0; j < metrics; ++j) centre[j] /= std::max(count[j], 1.0);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!std::isfinite(rows[i])) continue;
    const double error = rows[i] - centre[i % metrics];
    scale[i % metrics] += error * error;
  }
  for (std::size_t j = 0; j < metrics; ++j) {
    scale[j] = std::sqrt(scale[j] / std::max(count[j], 1.0));
    if (!(scale[j] > kTiny * std::abs(centre[j]))) scale[j] = 0;
  }
}

}  // namespace

void MetricsDetector::push(std::span<const double> row) {
  CHECK(row.size() == metrics_);
  double* const slot = ring_.data() + (rows_ % kRing) * metrics_;
  for (std::size_t j = 0; j < metrics_; ++j) {
    // A gap counts as usual: it says nothing of the metric.
    const bool moves = scale_[j] > 0 && std::isfinite(row[j]);
    slot[j] = moves ? (row[j] - centre_[j]) / scale_[j] : 0;
  }
  ++rows_;
  std::fill(features_.begin(), features_.end(), 0.0);
  for (std::size_t lane = 0; lane < kWidths.size(); ++lane) {
    double* const out = features_.data() + lane * metrics_;
    const auto held = static_cast<std::size_t>(std::min<std::uint64_t>(rows_, kWidths[lane]));
    for (std::size_t back = 1; back <= held; ++back) {
      const double* const old = ring_.data() + ((rows_ - back) % kRing) * metrics_;
      for (std::size_t j = 0; j < metrics_; ++j) out[j] += old[j];
    }
    for (std::size_t j = 0; j < metrics_; ++j) out[j] /= static_cast<double>(held);
  }
}

double MetricsDetector::distance(std::span<double> contributions) {
  const auto size = static_cast<Eigen::Index>(features_.size());
  const Eigen::Map<const Eigen::VectorXd> features(features_.data(), size);
  const Eigen::Map<const Eigen::MatrixXd> precision(precision_.data(), size, size);
  Eigen::Map<Eigen::VectorXd> product(product_.data(), size);
  product.noalias() = precision * features;
  const double total = std::max(0.0, features.dot(product));
  if (!contributions.empty()) {
    CHECK(contributions.size() == metrics_);
    for (std::size_t j = 0; j < metrics_; ++j) {
      // The metric's value and means are set right together.
      Eigen::Matrix3d block;
      Eigen::Vector3d pull;
      for (Eigen::Index a = 0; a < 3; ++a) {
        const auto at = a * static_cast<Eigen::Index>(metrics_) + static_cast<Eigen::Index>(j);
        pull[a] = product[at];
        for (Eigen::Index b = 0; b < 3; ++b) {
          block(a, b) = precision(at, b * static_cast<Eigen::Index>(metrics_) + static_cast<Eigen::Index>(j));
        }
      }
      const double falls = scale_[j] > 0 ? std::max(0.0, pull.dot(block.ldlt().solve(pull))) : 0;
      const double alone = features_[j] * features_[j];
      contributions[j] = std::pow(falls, kJointPart) * std::pow(alone, 1 - kJointPart);
    }
  }
  return total;
}

double MetricsDetector::surprise(double distance) const {
  if (distance > threshold_) {
    return -std::log10(kTailShare) +
           (std::log(distance + kTiny) - std::log(threshold_ + kTiny)) / log_spread_ * std::numbers::log10e;
  }
  const auto above = ranks_.end() - std::lower_bound(ranks_.begin(), ranks_.end(), distance);
  return std::log10((kRanks + 1.0) / (static_cast<double>(above) + 1));
}

Result<MetricsDetector> MetricsDetector::fit(std::span<const double> rows, std::size_t metrics) {
  if (metrics == 0 || metrics > kMetricsMax) {
    return invalid(fmt::format("learning {} metrics together: 1 to {} are allowed", metrics, kMetricsMax));
  }
  const std::size_t count = rows.size() / metrics;
  if (count < kRowsMin) {
    return invalid(fmt::format("learning how {} metrics behave: {} rows found, at least {} are needed",
                               metrics, count, kRowsMin));
  }
  MetricsDetector out;
  out.metrics_ = metrics;
  standardise(rows, metrics, out.centre_, out.scale_);
  const std::size_t size = metrics * kWidths.size();
  out.ring_.assign(kRing * metrics, 0);
  out.features_.assign(size, 0);
  out.product_.assign(size, 0);

  const auto dimension = static_cast<Eigen::Index>(size);
  Eigen::MatrixXd features(dimension, static_cast<Eigen::Index>(count));
  for (std::size_t i = 0; i < count; ++i) {
    out.push(rows.subspan(i * metrics, metrics));
    features.col(static_cast<Eigen::Index>(i)) = Eigen::Map<Eigen::VectorXd>(out.features_.data(), dimension);
  }
  Eigen::MatrixXd covariance = Eigen::MatrixXd::Zero(dimension, dimension);
  covariance.selfadjointView<Eigen::Lower>().rankUpdate(features, 1 / static_cast<double>(count));
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(covariance);
  const double least = kVarianceMin * solver.eigenvalues()[dimension - 1];
  if (!(least > 0)) return invalid(fmt::format("learning {} metrics: none of them ever moves", metrics));
  const Eigen::VectorXd inverse =
      solver.eigenvalues().unaryExpr([least](double value) { return value > least ? 1 / value : 0.0; });
  const Eigen::MatrixXd precision =
      solver.eigenvectors() * inverse.asDiagonal() * solver.eigenvectors().transpose();
  out.precision_.assign(precision.data(), precision.data() + precision.size());

  std::vector<double> distances(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto column = features.col(static_cast<Eigen::Index>(i));
    distances[i] = std::max(0.0, column.dot(precision * column));
  }
  std::sort(distances.begin(), distances.end());
  const auto tail =
      std::max<std::size_t>(1, static_cast<std::size_t>(kTailShare * static_cast<double>(count)));
  out.threshold_ = distances[count - 1 - tail];
  double spread = 0;
  for (std::size_t i = count - tail; i < count; ++i) {
    spread += std::log(distances[i] + kTiny) - std::log(out.threshold_ + kTiny);
  }
  out.log_spread_ = std::max(spread / static_cast<double>(tail), 1e-3);
  out.ranks_.resize(kRanks);
  for (std::size_t i = 0; i < kRanks; ++i) out.ranks_[i] = distances[i * (count - 1) / (kRanks - 1)];
  return out;
}

MetricsPoint MetricsDetector::update(std::span<const double> row, std::span<double> contributions) {
  push(row);
  const double rare = surprise(distance(contributions));
  common_run_ = rare >= std::log10(kCloseRows) ? 0 : common_run_ + 1;
  alarm_ = rare >= std::log10(kOpenRows) || (alarm_ && common_run_ < kCloseRun);
  const double score = rare > 0 ? -std::expm1(-rare * std::numbers::ln10) : 0;
  return {.score = alarm_ ? std::max(score, kAlarmScore) : score, .is_anomaly = alarm_};
}

std::string MetricsDetector::save() const {
  StateWriter out;
  out.count(kStateVersion);
  out.count(metrics_);
  out.count(rows_);
  out.count(alarm_ ? 1 : 0);
  out.count(common_run_);
  for (const auto* part : {&centre_, &scale_, &precision_, &ring_, &ranks_}) out.numbers(*part);
  out.number(threshold_);
  out.number(log_spread_);
  return out.take();
}

Result<MetricsDetector> MetricsDetector::restore(std::string_view bytes) {
  StateReader in(bytes);
  const std::uint64_t version = in.count();
  if (!in.ok() || version != kStateVersion) {
    return fail(ErrorCode::kVersion,
                fmt::format("state of a detector of several metrics: version {} found, {} is known", version,
                            kStateVersion));
  }
  MetricsDetector out;
  out.metrics_ = in.count();
  out.rows_ = in.count();
  out.alarm_ = in.count() == 1;
  out.common_run_ = in.count();
  bool complete = in.ok() && out.metrics_ > 0 && out.metrics_ <= kMetricsMax;
  if (complete) {
    const std::size_t size = out.metrics_ * kWidths.size();
    out.centre_.resize(out.metrics_);
    out.scale_.resize(out.metrics_);
    out.precision_.resize(size * size);
    out.ring_.resize(kRing * out.metrics_);
    out.ranks_.resize(kRanks);
    out.features_.assign(size, 0);
    out.product_.assign(size, 0);
    for (auto* part : {&out.centre_, &out.scale_, &out.precision_, &out.ring_, &out.ranks_}) {
      complete = in.numbers(*part) == part->size() && complete;
    }
    out.threshold_ = in.number();
    out.log_spread_ = in.number();
  }
  if (!complete || !in.ok() || !in.at_end()) {
    return invalid(fmt::format("state of a detector of several metrics: {} bytes are damaged or cut short",
                               bytes.size()));
  }
  return out;
}

Result<std::vector<MetricsPoint>> detect_in_metrics(std::span<const double> rows, std::size_t metrics) {
  auto detector = MetricsDetector::fit(rows, metrics);
  if (!detector) return std::unexpected(detector.error());
  std::vector<MetricsPoint> out;
  out.reserve(rows.size() / metrics);
  for (std::size_t i = 0; i + metrics <= rows.size(); i += metrics) {
    out.push_back(detector->update(rows.subspan(i, metrics)));
  }
  return out;
}

}  // namespace trimtab::kernels
