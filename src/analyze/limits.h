// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "analyze/verdict.h"
#include "kernels/leak/leak.h"
#include "kernels/resample.h"
#include "kernels/trend.h"

namespace trimtab::analyze {

struct LimitOptions {
  double limit = 0;
  std::string limit_source;
  bool free_amount = false;  // the value is what is left: used = limit - value
  double saturation_at = 0.9;
  DurationMs horizon_ms = 30 * kDayMs;
  std::size_t window_cells = 5;
};

struct LimitScratch {
  std::vector<double> used;
  std::vector<double> smooth;
  kernels::TrendScratch trend;
  kernels::LeakScratch leak;
};

// Saturation and exhaustion of a value with a known limit. Saturated: the median of the window is at or
// above saturation_at * limit. Exhaustion: a Theil-Sen trend towards the limit that Mann-Kendall finds
// clear (p < kTrendProbabilityMax) both over all history and over its last third, and that does not bend
// towards a plateau (find_leak), carried on for at most
// kForecastPerHistory times the history seen. `season` is what judge_cells took off, or empty.
// Null when neither applies. Works on any history of at least kLimitCellsMin cells.
std::unique_ptr<LimitState> judge_limit(const kernels::Cells& cells, std::span<const double> values,
                                        std::span<const double> season, const LimitOptions& options,
                                        LimitScratch& scratch);

inline constexpr std::size_t kLimitCellsMin = 3;
inline constexpr double kTrendProbabilityMax = 1e-3;
inline constexpr double kForecastPerHistory = 4;
inline constexpr double kExhaustionProbabilityMin = 0.5;
inline constexpr DurationMs kTrendHistoryMin = 2 * kHourMs;

}  // namespace trimtab::analyze
