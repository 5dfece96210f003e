// SPDX-License-Identifier: Apache-2.0
#include "kernels/histogram_quantile.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"

namespace trimtab::kernels {

double histogram_quantile(std::span<const double> bounds, std::span<const double> cumulative, double q) {
  CHECK(bounds.size() == cumulative.size() && q >= 0 && q <= 1);
  double total = 0;
  for (const double count : cumulative) total = std::max(total, count);
  if (!(total > 0)) return std::numeric_limits<double>::quiet_NaN();
  const double rank = q * total;
  double below = 0;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    const double count = std::max(below, std::isnan(cumulative[i]) ? 0 : cumulative[i]);
    if (count >= rank && count > 0) {
      if (std::isinf(bounds[i])) return i > 0 ? bounds[i - 1] : std::numeric_limits<double>::quiet_NaN();
      const double low = i > 0 ? bounds[i - 1] : std::min(0.0, bounds[i]);
      if (count <= below) return bounds[i];
      return low + (bounds[i] - low) * (rank - below) / (count - below);
    }
    below = count;
  }
  return bounds.back();
}

}  // namespace trimtab::kernels
