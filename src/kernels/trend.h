// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace trimtab::kernels {

struct Trend {
  double slope = 0;      // per cell
  double slope_low = 0;  // 90 % interval
  double slope_high = 0;
  double level_now = 0;    // the fitted line at the last cell
  double spread = 0;       // robust standard deviation around the line
  double probability = 1;  // of so clear a trend without one (two-sided Mann-Kendall)
  std::size_t points = 0;
};

struct TrendScratch {
  std::vector<double> values;
  std::vector<double> positions;
  std::vector<double> slopes;
  std::vector<double> ranks;
  std::vector<std::size_t> order;
};

// Theil-Sen slope with Sen's interval (Sen 1968) and the Mann-Kendall test, its variance corrected for
// autocorrelation by the ranks of the detrended series (Hamed and Rao 1998; lag 1 and the lags significant at
// 5 %). The series is first reduced to at most kTrendPointsMax block medians, so a day's swing should be
// removed or span several blocks. NaN cells are skipped; fewer than kTrendPointsMin points: probability 1,
// slope 0. Cost: O(kTrendPointsMax^2), below 1 ms.
Trend fit_trend(std::span<const double> values, TrendScratch& scratch);

inline constexpr std::size_t kTrendPointsMax = 160;
inline constexpr std::size_t kTrendPointsMin = 8;

}  // namespace trimtab::kernels
