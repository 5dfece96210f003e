// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace trimtab::kernels {

struct LevelShift {
  std::size_t index = 0;  // first cell of the new level; 0 when there is none to be found
  double before = 0;      // mean of the (winsorised) values on either side
  double after = 0;
  double t_probability = 1;  // Welch's t-test, degrees of freedom shrunk for autocorrelation
  double rank_probability =
      1;  // Mann-Whitney with the same shrinking: a few wild values can not make it small
};

struct LevelShiftScratch {
  std::vector<double> values;
  std::vector<std::size_t> cells;
  std::vector<std::pair<double, std::size_t>> ranked;
};

// The single best split of a series into two levels: the one with the largest standardised difference of
// means (the CUSUM statistic, Page 1954; for one change the same split as least squares), over values
// winsorised at kWinsorScales * scale around the median, then tested on both sides.
// Both probabilities are of the best of many splits and so too small by about the number of independent
// splits; callers use them to confirm, not to detect.
// NaN cells are skipped. Fewer than 2 * kSideMin values: index 0. Cost: O(n log n).
LevelShift find_level_shift(std::span<const double> values, double scale, LevelShiftScratch& scratch);

inline constexpr std::size_t kSideMin = 2;
inline constexpr double kWinsorScales = 8;

}  // namespace trimtab::kernels
