// SPDX-License-Identifier: Apache-2.0
#include "kernels/compare/dependence.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace trimtab::kernels {

double autocorrelation_time(std::span<const double> values) {
  const std::size_t n = values.size();
  if (n < 4) return 1;
  double mean = 0, variance = 0;
  for (const double value : values) mean += value;
  mean /= static_cast<double>(n);
  for (const double value : values) variance += (value - mean) * (value - mean);
  // Equal values whose mean was rounded: what is left is no variance, and hangs together perfectly. Each of n
  // additions may round by half of the last digit of the sum.
  const double rounding = std::numeric_limits<double>::epsilon() * static_cast<double>(n) * mean;
  if (!(variance > static_cast<double>(n) * rounding * rounding)) return 1;
  const auto correlation = [&](std::size_t lag) {
    double sum = 0;
    for (std::size_t i = lag; i < n; ++i) sum += (values[i] - mean) * (values[i - lag] - mean);
    return sum / variance;
  };
  double time = -1;  // the first pair holds lag 0, which counts once
  for (std::size_t lag = 0; lag + 1 < n / 3 + 2; lag += 2) {
    const double pair = correlation(lag) + correlation(lag + 1);
    if (pair <= 0) break;
    time += 2 * pair;
  }
  return std::clamp(time, 1.0, static_cast<double>(n) / 3);
}

BlockPlan plan_blocks(double time) {
  if (time <= kIndependentTime) return {};
  return {static_cast<std::size_t>(std::ceil(kBlockTimes * time)),
          static_cast<std::size_t>(std::ceil(kGapTimes * time))};
}

}  // namespace trimtab::kernels
