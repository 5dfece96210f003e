// SPDX-License-Identifier: Apache-2.0
#include "store/engine/align_samples.h"

#include <algorithm>
#include <limits>

namespace trimtab::embedded {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

struct Cell {
  double last = kNone;
  double sum = 0;
  double min = std::numeric_limits<double>::infinity();
  double max = -std::numeric_limits<double>::infinity();
  double increase = 0;
  double count = 0;
  bool has_increase = false;
};

double result(const Cell& cell, Align align) {
  switch (align) {
    case Align::kCount: return cell.count;
    case Align::kIncrease: return cell.has_increase ? cell.increase : kNone;
    default: break;
  }
  if (cell.count == 0) return kNone;
  switch (align) {
    case Align::kLast: return cell.last;
    case Align::kMean: return cell.sum / cell.count;
    case Align::kMin: return cell.min;
    case Align::kMax: return cell.max;
    default: return cell.sum;
  }
}

}  // namespace

void align_samples(const SampleBuffer& samples, TimestampMs start, DurationMs step, Align align,
                   std::span<double> row) {
  double before = kNone;
  bool has_before = false;
  std::size_t at = 0;
  const TimestampMs first_from = start - step;
  for (; at < samples.size() && samples.timestamps_ms[at] <= first_from; ++at) {
    has_before = !is_stale_marker(samples.values[at]);
    before = samples.values[at];
  }
  TimestampMs end = start;
  for (std::size_t column = 0; column < row.size(); ++column, end += step) {
    Cell cell;
    for (; at < samples.size() && samples.timestamps_ms[at] <= end; ++at) {
      const double value = samples.values[at];
      if (is_stale_marker(value)) {
        cell.last = kNone;
        has_before = false;
        continue;
      }
      if (has_before) {
        cell.increase += value >= before ? value - before : value;
        cell.has_increase = true;
      }
      before = value;
      has_before = true;
      cell.last = value;
      cell.sum += value;
      cell.min = std::min(cell.min, value);
      cell.max = std::max(cell.max, value);
      cell.count += 1;
    }
    row[column] = result(cell, align);
  }
}

}  // namespace trimtab::embedded
