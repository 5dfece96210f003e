// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <span>

#include "query/engine/grid.h"

namespace trimtab::promql {

// The order of quantile() and sort(): NaN below everything.
inline bool less_nan_first(double a, double b) {
  if (std::isnan(a)) return !std::isnan(b);
  return a < b;
}

// Linear interpolation between the two nearest ranks of sorted values (by less_nan_first). Outside [0, 1]
// the infinities, as in Prometheus; kernels/quantile.h takes no NaN and no q outside.
inline double quantile_of_sorted(std::span<const double> sorted, double q) {
  if (sorted.empty() || std::isnan(q)) return kNaN;
  if (q < 0) return -kInf;
  if (q > 1) return kInf;
  const double rank = q * (static_cast<double>(sorted.size()) - 1);
  const auto lower = static_cast<std::size_t>(std::max(0.0, std::floor(rank)));
  const std::size_t upper = std::min(sorted.size() - 1, lower + 1);
  const double weight = rank - std::floor(rank);
  return sorted[lower] * (1 - weight) + sorted[upper] * weight;
}

// Reorders its input.
inline double quantile_of(std::span<double> values, double q) {
  if (values.empty() || std::isnan(q) || q < 0 || q > 1) return quantile_of_sorted(values, q);
  const double rank = q * (static_cast<double>(values.size()) - 1);
  const auto lower = static_cast<std::ptrdiff_t>(std::max(0.0, std::floor(rank)));
  const auto nth = values.begin() + lower;
  std::nth_element(values.begin(), nth, values.end(), less_nan_first);
  const double weight = rank - std::floor(rank);
  const auto next = nth + 1 == values.end() ? nth : std::min_element(nth + 1, values.end(), less_nan_first);
  return *nth * (1 - weight) + *next * weight;
}

}  // namespace trimtab::promql
