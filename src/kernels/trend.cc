// SPDX-License-Identifier: Apache-2.0
#include "kernels/trend.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels/distributions.h"
#include "kernels/quantile.h"

namespace trimtab::kernels {
namespace {

// Block medians and the middle position of each block.
void reduce(std::span<const double> values, TrendScratch& scratch) {
  scratch.values.clear();
  scratch.positions.clear();
  const std::size_t block = (values.size() + kTrendPointsMax - 1) / kTrendPointsMax;
  for (std::size_t start = 0; start < values.size(); start += block) {
    const std::size_t end = std::min(values.size(), start + block);
    scratch.slopes.clear();
    double position = 0;
    for (std::size_t i = start; i < end; ++i) {
      if (std::isnan(values[i])) continue;
      scratch.slopes.push_back(values[i]);
      position += static_cast<double>(i);
    }
    if (scratch.slopes.empty()) continue;
    scratch.positions.push_back(position / static_cast<double>(scratch.slopes.size()));
    scratch.values.push_back(median_in_place(scratch.slopes));
  }
}

void ranks_of(std::span<const double> values, TrendScratch& scratch) {
  scratch.order.resize(values.size());
  std::iota(scratch.order.begin(), scratch.order.end(), 0);
  std::sort(scratch.order.begin(), scratch.order.end(), [&](std::size_t a, std::size_t b) {
    return values[a] != values[b] ? values[a] < values[b] : a < b;
  });
  scratch.ranks.resize(values.size());
  for (std::size_t i = 0; i < values.size();) {
    std::size_t end = i;
    while (end < values.size() && values[scratch.order[end]] == values[scratch.order[i]]) ++end;
    for (std::size_t k = i; k < end; ++k)
      scratch.ranks[scratch.order[k]] = static_cast<double>(i + end + 1) / 2;
    i = end;
  }
}

// Factor by which autocorrelation widens the variance of S (Hamed and Rao, equation 6); at least 1.
double hamed_rao_factor(std::span<const double> ranks) {
  const auto n = static_cast<double>(ranks.size());
  const double mean = (n + 1) / 2;
  double variance = 0;
  for (const double rank : ranks) variance += (rank - mean) * (rank - mean);
  if (variance <= 0) return 1;
  const double significant = 1.96 / std::sqrt(n);
  double sum = 0;
  for (std::size_t lag = 1; lag + 3 < ranks.size(); ++lag) {
    double products = 0;
    for (std::size_t i = lag; i < ranks.size(); ++i) products += (ranks[i] - mean) * (ranks[i - lag] - mean);
    const double rho = products / variance;
    if (lag > 1 && std::abs(rho) < significant) continue;
    const double k = static_cast<double>(lag);
    sum += (n - k) * (n - k - 1) * (n - k - 2) * rho;
  }
  return std::max(1.0, 1 + 2 * sum / (n * (n - 1) * (n - 2)));
}

// Mann-Kendall's S; fills scratch.slopes with all pairwise slopes.
double pairwise(TrendScratch& scratch) {
  scratch.slopes.clear();
  double s = 0;
  for (std::size_t i = 0; i < scratch.values.size(); ++i) {
    for (std::size_t k = i + 1; k < scratch.values.size(); ++k) {
      const double rise = scratch.values[k] - scratch.values[i];
      s += rise > 0 ? 1 : rise < 0 ? -1 : 0;
      scratch.slopes.push_back(rise / (scratch.positions[k] - scratch.positions[i]));
    }
  }
  return s;
}

double slope_at(TrendScratch& scratch, double place) {
  const double last = static_cast<double>(scratch.slopes.size() - 1);
  return quantile_in_place(scratch.slopes, std::clamp(place / last, 0.0, 1.0));
}

}  // namespace

Trend fit_trend(std::span<const double> values, TrendScratch& scratch) {
  Trend trend;
  reduce(values, scratch);
  trend.points = scratch.values.size();
  if (trend.points < kTrendPointsMin) return trend;
  const double n = static_cast<double>(trend.points);
  const double s = pairwise(scratch);
  const double pairs = static_cast<double>(scratch.slopes.size());
  trend.slope = median_in_place(scratch.slopes);

  std::vector<double>& residuals = scratch.values;
  for (std::size_t i = 0; i < residuals.size(); ++i) residuals[i] -= trend.slope * scratch.positions[i];
  ranks_of(residuals, scratch);
  const double variance = n * (n - 1) * (2 * n + 5) / 18 * hamed_rao_factor(scratch.ranks);
  const double sigma = std::sqrt(variance);
  if (s != 0) trend.probability = std::min(1.0, 2 * normal_tail((std::abs(s) - 1) / sigma));
  constexpr double kZ90 = 1.6449;
  trend.slope_low = slope_at(scratch, (pairs - kZ90 * sigma) / 2);
  trend.slope_high = slope_at(scratch, (pairs + kZ90 * sigma) / 2);

  const double intercept = median_in_place(residuals);
  trend.level_now = intercept + trend.slope * static_cast<double>(values.size() - 1);
  trend.spread = mad_in_place(residuals, intercept);
  return trend;
}

}  // namespace trimtab::kernels
