// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/time.h"

namespace trimtab::report {

// Rows of values at even steps, for a chart in a terminal. Cells that are not finite are gaps.
struct ChartRow {
  std::string name;  // plain text (escape.h)
  std::vector<double> values;
};
struct ChartSize {
  std::size_t columns = 100;  // of the whole, axis included
  std::size_t lines = 14;     // of the drawing alone
};

inline constexpr std::size_t kChartRowsMax = 8;  // more are named in a sentence, not drawn

// All rows in one drawing, each with a mark of its own, a value axis, a time axis and a legend with the last
// value of each. "no data to draw" where there is no finite value.
std::string terminal_chart(std::span<const ChartRow> rows, TimestampMs start_ms, DurationMs step_ms,
                           const ChartSize& size);

// One bar a row (its first value), longest for the largest magnitude.
std::string terminal_bars(std::span<const ChartRow> rows, const ChartSize& size);

}  // namespace trimtab::report
