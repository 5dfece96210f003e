// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "analyze/driven_limit.h"
#include "analyze/drivers.h"
#include "analyze/learn.h"
#include "analyze/verdict.h"
#include "kernels/forecast/exhaustion.h"
#include "kernels/forecast/forecast.h"
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
  std::array<std::uint32_t, Learnt::kSeasonsMax> season_ms{};  // as learnt; 0: none
  const DriverHistory* driver = nullptr;                       // what it grows with; null: nothing stated
};

struct LimitScratch {
  std::vector<double> used;
  std::vector<double> raw;  // with its seasons
  std::vector<double> smooth;
  std::vector<double> coarse;
  kernels::ForecastWorkspace forecasting;
  kernels::Forecast forecast;
  kernels::TrendScratch trend;
  kernels::LeakScratch leak;
  DrivenScratch driven;
};

// Saturation and exhaustion of a value with a known limit. Saturated: the median of the window is at or
// above saturation_at * limit. Exhaustion: only where a Theil-Sen trend towards the limit is clear by
// Mann-Kendall (p < kTrendProbabilityMax) both over all history and over its last third, and does not bend
// towards a plateau (find_leak). Then two methods say when, each where it can:
//   - the forecast pool, seasons and all, over a horizon short enough to be tried on the series' own past (a
//     quarter of it): the distribution of its first passage (exhaustion_of);
//   - the trend carried on as a line, at most kForecastPerHistory times the history seen (first_passage).
// The forecast speaks when it is more likely than not to get there within its horizon; it takes the line's
// word back when the line should long be there and the forecast finds less than kContradictionMax; else the
// line speaks. Where the estate states a driver that helps (driven_limit.h), that and its plan decide
// instead, trend or none. `season` is what judge_cells took off, or empty. Null when neither applies. Works
// on any history of at least kLimitCellsMin cells.
std::unique_ptr<LimitState> judge_limit(const kernels::Cells& cells, std::span<const double> values,
                                        std::span<const double> season, const LimitOptions& options,
                                        LimitScratch& scratch);

inline constexpr std::size_t kLimitCellsMin = 3;
inline constexpr double kTrendProbabilityMax = 1e-3;
inline constexpr double kForecastPerHistory = 4;
inline constexpr double kExhaustionProbabilityMin = 0.5;
inline constexpr DurationMs kTrendHistoryMin = 2 * kHourMs;
inline constexpr std::size_t kForecastCellsMax = 336;
inline constexpr std::size_t kForecastCellsMin = 32;
inline constexpr std::size_t kForecastHistoryPart = 4;  // the forecast's horizon: history over this
inline constexpr double kContradictionMax = 0.05;

}  // namespace trimtab::analyze
