// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

namespace trimtab::kernels {

// How many values carry as much as one independent value: the integrated autocorrelation time
// 1 + 2 * (rho_1 + rho_2 + ...), summed over pairs of lags while they are positive (Geyer's initial positive
// sequence, 1992), at most a third of the series. 1 for white noise, 3 for AR(1) with 0.5. At least 1.
// Values in order of time, free of NaN. Cost: O(n * answer).
double autocorrelation_time(std::span<const double> values);

// Lengths in values that make block means nearly independent: blocks of kBlockTimes autocorrelation times
// with kGapTimes of them left out between blocks. Both 1 and 0 for independent values.
struct BlockPlan {
  std::size_t length = 1;
  std::size_t gap = 0;
};
BlockPlan plan_blocks(double autocorrelation_time);

inline constexpr double kBlockTimes = 4;
inline constexpr double kGapTimes = 1;
// Below this the values are taken as independent: a few hundred values of white noise estimate up to this.
inline constexpr double kIndependentTime = 1.35;

}  // namespace trimtab::kernels
