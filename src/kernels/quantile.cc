// SPDX-License-Identifier: Apache-2.0
#include "kernels/quantile.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "kernels/correlate/order.h"

namespace trimtab::kernels {

double quantile_in_place(std::span<double> values, double q) {
  CHECK(!values.empty() && q >= 0 && q <= 1, "{} values, q {}", values.size(), q);
  const double position = q * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::ptrdiff_t>(position);
  const auto nth = values.begin() + below;
  std::nth_element(values.begin(), nth, values.end());
  const double fraction = position - static_cast<double>(below);
  if (fraction <= 0 || nth + 1 == values.end()) return *nth;
  const double above = *std::min_element(nth + 1, values.end());
  return *nth + fraction * (above - *nth);
}

double median_in_place(std::span<double> values) { return fast_median(values); }

double mad_in_place(std::span<double> values, double centre) {
  constexpr double kNormalConsistency = 1.4826;  // 1 / Phi^-1(3/4)
  for (double& value : values) value = std::abs(value - centre);
  return kNormalConsistency * median_in_place(values);
}

double scale_floor(double centre, double resolution) {
  return std::max({1e-9, 0.01 * std::abs(centre), resolution});
}

}  // namespace trimtab::kernels
