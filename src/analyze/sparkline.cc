// SPDX-License-Identifier: Apache-2.0
#include "analyze/sparkline.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace trimtab::analyze {

Sparkline draw_sparkline(const kernels::Cells& cells, std::span<const double> values, TimestampMs since_ms) {
  Sparkline line;
  if (cells.count == 0) return line;
  const TimestampMs end_ms = cells.end(cells.count - 1);
  const auto since_cells =
      static_cast<std::size_t>(std::max<DurationMs>(0, end_ms - since_ms) / cells.step_ms);
  const std::size_t shown = std::min(cells.count, std::max(4 * since_cells, kSparklineCellsMin));
  const std::size_t start = cells.count - shown;
  const std::size_t bin = (shown + kSparklinePointsMax - 1) / kSparklinePointsMax;
  for (std::size_t from = start; from < cells.count; from += bin) {
    double sum = 0;
    double count = 0;
    for (std::size_t i = from; i < std::min(cells.count, from + bin); ++i) {
      if (std::isnan(values[i])) continue;
      sum += values[i];
      count += 1;
    }
    line.values.push_back(count > 0 ? sum / count : std::numeric_limits<double>::quiet_NaN());
  }
  line.range = {cells.end(start) - cells.step_ms, end_ms};
  return line;
}

}  // namespace trimtab::analyze
