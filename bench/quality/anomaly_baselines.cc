// SPDX-License-Identifier: Apache-2.0
#include "quality/anomaly_baselines.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>

namespace trimtab::quality {
namespace {

Eigen::MatrixXd standardised(const std::vector<double>& rows, std::size_t metrics,
                             const Eigen::VectorXd& centre, const Eigen::VectorXd& scale) {
  const auto d = static_cast<Eigen::Index>(metrics);
  Eigen::MatrixXd out =
      Eigen::Map<const Eigen::MatrixXd>(rows.data(), d, static_cast<Eigen::Index>(rows.size() / metrics));
  out = out.unaryExpr([](double value) { return std::isfinite(value) ? value : 0.0; });
  out.colwise() -= centre;
  return scale.cwiseInverse().asDiagonal() * out;
}

// Columns are rows of the file.
struct Standardised {
  Eigen::MatrixXd train;
  Eigen::MatrixXd test;
};

Standardised standardise(const TrainTest& rows) {
  const auto d = static_cast<Eigen::Index>(rows.metrics);
  const Eigen::VectorXd zero = Eigen::VectorXd::Zero(d);
  const Eigen::VectorXd one = Eigen::VectorXd::Ones(d);
  const Eigen::MatrixXd raw = standardised(rows.train, rows.metrics, zero, one);
  const Eigen::VectorXd centre = raw.rowwise().mean();
  Eigen::VectorXd scale = ((raw.colwise() - centre).rowwise().squaredNorm() / static_cast<double>(raw.cols()))
                              .cwiseSqrt()
                              .unaryExpr([](double value) { return value > 1e-9 ? value : 1.0; });
  return {standardised(rows.train, rows.metrics, centre, scale),
          standardised(rows.test, rows.metrics, centre, scale)};
}

std::vector<double> to_vector(const Eigen::VectorXd& values) {
  return {values.data(), values.data() + values.size()};
}

}  // namespace

std::vector<double> random_scores(std::size_t count) {
  std::mt19937 random(1);
  std::vector<double> out(count);
  for (double& value : out) value = static_cast<double>(random()) / 4294967296.0;
  return out;
}

std::vector<double> windowed_gaussian(std::span<const double> values) {
  constexpr std::size_t kWindow = 6400;
  constexpr std::size_t kStep = 100;
  std::vector<double> out;
  std::vector<double> window;
  std::vector<double> waiting;
  double mean = 0;
  double deviation = 1;
  const auto learn = [&] {
    mean = 0;
    for (const double value : window) mean += value / static_cast<double>(window.size());
    double square = 0;
    for (const double value : window) square += (value - mean) * (value - mean);
    deviation = std::max(1e-6, std::sqrt(square / static_cast<double>(window.size())));
  };
  for (const double value : values) {
    out.push_back(
        window.empty() ? 0 : 1 - 0.5 * std::erfc(std::abs(value - mean) / deviation / std::numbers::sqrt2));
    if (window.size() < kWindow) {
      window.push_back(value);
      learn();
    } else {
      waiting.push_back(value);
      if (waiting.size() < kStep) continue;
      window.erase(window.begin(), window.begin() + kStep);
      window.insert(window.end(), waiting.begin(), waiting.end());
      waiting.clear();
      learn();
    }
  }
  return out;
}

std::vector<double> moving_z(std::span<const double> values, std::size_t window) {
  std::vector<double> out(values.size(), 0);
  std::vector<double> last;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) continue;
    if (last.size() >= window / 2) {
      double mean = 0;
      for (const double value : last) mean += value / static_cast<double>(last.size());
      double square = 0;
      for (const double value : last) square += (value - mean) * (value - mean);
      const double deviation = std::sqrt(square / static_cast<double>(last.size()));
      out[i] = deviation > 0 ? std::abs(values[i] - mean) / deviation : 0;
    }
    last.push_back(values[i]);
    if (last.size() > window) last.erase(last.begin());
  }
  return out;
}

void pca_scores(const TrainTest& rows, std::vector<double>& train, std::vector<double>& test) {
  const Standardised data = standardise(rows);
  const Eigen::MatrixXd covariance =
      data.train * data.train.transpose() / static_cast<double>(data.train.cols());
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(covariance);
  const double least = 1e-6 * solver.eigenvalues().maxCoeff();
  const Eigen::VectorXd inverse = solver.eigenvalues().unaryExpr(
      [least](double value) { return value > least ? 1 / std::sqrt(value) : 0.0; });
  const Eigen::MatrixXd whiten = inverse.asDiagonal() * solver.eigenvectors().transpose();
  train = to_vector((whiten * data.train).colwise().squaredNorm());
  test = to_vector((whiten * data.test).colwise().squaredNorm());
}

void kmeans_scores(const TrainTest& rows, std::vector<double>& train, std::vector<double>& test) {
  constexpr Eigen::Index kCentres = 20;
  const Standardised data = standardise(rows);
  Eigen::MatrixXd centres(data.train.rows(), kCentres);
  for (Eigen::Index k = 0; k < kCentres; ++k) {
    centres.col(k) = data.train.col((2 * k + 1) * data.train.cols() / (2 * kCentres));
  }
  const auto nearest = [&](const auto& row, Eigen::Index* which) {
    return (centres.colwise() - row).colwise().squaredNorm().minCoeff(which);
  };
  for (int round = 0; round < 15; ++round) {
    Eigen::MatrixXd sums = Eigen::MatrixXd::Zero(centres.rows(), kCentres);
    Eigen::VectorXd counts = Eigen::VectorXd::Zero(kCentres);
    for (Eigen::Index i = 0; i < data.train.cols(); i += 3) {
      Eigen::Index which = 0;
      nearest(data.train.col(i), &which);
      sums.col(which) += data.train.col(i);
      counts[which] += 1;
    }
    for (Eigen::Index k = 0; k < kCentres; ++k) {
      if (counts[k] > 0) centres.col(k) = sums.col(k) / counts[k];
    }
  }
  const auto score = [&](const Eigen::MatrixXd& from) {
    std::vector<double> out;
    Eigen::Index which = 0;
    for (Eigen::Index i = 0; i < from.cols(); ++i) out.push_back(std::sqrt(nearest(from.col(i), &which)));
    return out;
  };
  train = score(data.train);
  test = score(data.test);
}

}  // namespace trimtab::quality
