// SPDX-License-Identifier: Apache-2.0
#include "kernels/rolling_mean.h"

#include <cmath>
#include <limits>

namespace trimtab::kernels {

void RollingMean::build(std::span<const double> values) {
  sums_.resize(values.size() + 1);
  counts_.resize(values.size() + 1);
  sums_[0] = 0;
  counts_[0] = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool present = !std::isnan(values[i]);
    sums_[i + 1] = sums_[i] + (present ? values[i] : 0);
    counts_[i + 1] = counts_[i] + present;
  }
}

double RollingMean::mean(std::size_t begin, std::size_t end, std::size_t present_min) const {
  const std::size_t count = present(begin, end);
  if (count == 0 || count < present_min) return std::numeric_limits<double>::quiet_NaN();
  return (sums_[end] - sums_[begin]) / static_cast<double>(count);
}

}  // namespace trimtab::kernels
