// SPDX-License-Identifier: Apache-2.0
#include "kernels/resample.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"

namespace trimtab::kernels {
namespace {

// The cell of each sample in turn. Times only grow, so the search only moves on.
class CellFinder {
 public:
  explicit CellFinder(const Cells& cells) : cells_(cells), end_(cells.first_end_ms) {}

  // False when the sample lies outside.
  bool find(TimestampMs time_ms) {
    if (time_ms <= end_ - cells_.step_ms) return false;
    if (time_ms > end_) {
      const auto ahead = static_cast<std::size_t>((time_ms - end_ + cells_.step_ms - 1) / cells_.step_ms);
      index_ += ahead;
      end_ += static_cast<DurationMs>(ahead) * cells_.step_ms;
    }
    return index_ < cells_.count;
  }
  std::size_t index() const { return index_; }

 private:
  const Cells& cells_;
  std::size_t index_ = 0;
  TimestampMs end_;
};

// Calls each(cell, increase, seconds) for every increase between neighbouring samples.
template <typename Each>
void for_each_increase(std::span<const TimestampMs> times_ms, std::span<const double> values,
                       const Cells& cells, Each each) {
  CellFinder finder(cells);
  bool chained = false;
  double last_value = 0;
  TimestampMs last_ms = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double value = values[i];
    if (std::isnan(value)) continue;
    if (!(value >= 0) || std::isinf(value)) {
      chained = false;
      continue;
    }
    if (chained && times_ms[i] > last_ms && finder.find(times_ms[i])) {
      const double increase = value >= last_value ? value - last_value : value;
      each(finder.index(), increase, static_cast<double>(times_ms[i] - last_ms) / 1000.0);
    }
    chained = true;
    last_value = value;
    last_ms = times_ms[i];
  }
}

}  // namespace

void resample_mean(std::span<const TimestampMs> times_ms, std::span<const double> values, const Cells& cells,
                   std::span<double> out) {
  CHECK(out.size() == cells.count && times_ms.size() == values.size());
  std::fill(out.begin(), out.end(), std::numeric_limits<double>::quiet_NaN());
  CellFinder finder(cells);
  std::size_t current = cells.count;
  double sum = 0;
  double count = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i]) || !finder.find(times_ms[i])) continue;
    if (finder.index() != current) {
      if (count > 0) out[current] = sum / count;
      current = finder.index();
      sum = 0;
      count = 0;
    }
    sum += values[i];
    count += 1;
  }
  if (count > 0) out[current] = sum / count;
}

void resample_rate(std::span<const TimestampMs> times_ms, std::span<const double> values, const Cells& cells,
                   std::span<double> out) {
  CHECK(out.size() == cells.count && times_ms.size() == values.size());
  std::fill(out.begin(), out.end(), std::numeric_limits<double>::quiet_NaN());
  std::size_t current = cells.count;
  double sum = 0;
  double seconds = 0;
  for_each_increase(times_ms, values, cells, [&](std::size_t cell, double increase, double took_seconds) {
    if (cell != current) {
      if (seconds > 0) out[current] = sum / seconds;
      current = cell;
      sum = 0;
      seconds = 0;
    }
    sum += increase;
    seconds += took_seconds;
  });
  if (seconds > 0) out[current] = sum / seconds;
}

void add_increase(std::span<const TimestampMs> times_ms, std::span<const double> values, const Cells& cells,
                  std::span<double> out) {
  CHECK(out.size() == cells.count && times_ms.size() == values.size());
  for_each_increase(times_ms, values, cells, [&](std::size_t cell, double increase, double) {
    out[cell] = std::isnan(out[cell]) ? increase : out[cell] + increase;
  });
}

}  // namespace trimtab::kernels
