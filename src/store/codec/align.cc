// SPDX-License-Identifier: Apache-2.0
#include "store/codec/align.h"

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace trimtab {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// Each folder takes the values of one cell in time order, NaN included, and gives the cell.
struct Last {
  double last = kNone;
  void take(double value) { last = value == value ? value : last; }
  double cell() const { return last; }
};

struct Sum {
  double sum = 0;
  double count = 0;
  void take(double value) {
    const bool good = value == value;
    sum += good ? value : 0.0;
    count += good ? 1.0 : 0.0;
  }
  double cell() const { return count > 0 ? sum : kNone; }
};

struct Mean : Sum {
  double cell() const { return count > 0 ? sum / count : kNone; }
};

struct Count : Sum {
  double cell() const { return count; }
};

// A comparison with NaN is false, so NaN never replaces a value; the first value replaces kNone.
struct Min {
  double least = std::numeric_limits<double>::infinity();
  bool any = false;
  void take(double value) {
    least = value < least ? value : least;
    any |= value == value;
  }
  double cell() const { return any ? least : kNone; }
};

struct Max {
  double most = -std::numeric_limits<double>::infinity();
  bool any = false;
  void take(double value) {
    most = value > most ? value : most;
    any |= value == value;
  }
  double cell() const { return any ? most : kNone; }
};

template <typename Folder>
void fold(const TimestampMs* times, const double* values, std::size_t count, const AlignGrid& grid,
          double* row) {
  std::size_t i = 0;
  TimestampMs end = grid.start_ms;
  for (std::size_t column = 0; column < grid.columns; ++column, end += grid.step_ms) {
    Folder folder;
    for (; i < count && times[i] <= end; ++i) folder.take(values[i]);
    row[column] = folder.cell();
  }
}

// Carries the value before from cell to cell.
void fold_increase(const TimestampMs* times, const double* values, std::size_t count, const AlignGrid& grid,
                   double before, double* row) {
  std::size_t i = 0;
  TimestampMs end = grid.start_ms;
  for (std::size_t column = 0; column < grid.columns; ++column, end += grid.step_ms) {
    double sum = 0;
    bool any = false;
    for (; i < count && times[i] <= end; ++i) {
      const double value = values[i];
      const bool known = value == value && before == before;
      const double floor = value < before ? 0.0 : before;  // after a reset counting began anew at 0
      sum += known ? value - floor : 0.0;
      any |= known;
      before = value == value ? value : before;
    }
    row[column] = any ? sum : kNone;
  }
}

double newest_value(const double* values, std::size_t count) {
  for (std::size_t i = count; i-- > 0;) {
    if (values[i] == values[i]) return values[i];
  }
  return kNone;
}

}  // namespace

TimeRange AlignGrid::covered() const {
  if (columns == 0) return {0, -1};
  return {start_ms - step_ms + 1, start_ms + static_cast<DurationMs>(columns - 1) * step_ms};
}

void align_samples(std::span<const TimestampMs> timestamps_ms, std::span<const double> values,
                   const AlignGrid& grid, Align mode, std::span<double> row) {
  CHECK(timestamps_ms.size() == values.size() && row.size() == grid.columns && grid.step_ms > 0);
  const auto first = std::lower_bound(timestamps_ms.begin(), timestamps_ms.end(), grid.covered().from);
  const auto skipped = static_cast<std::size_t>(first - timestamps_ms.begin());
  const TimestampMs* const times = timestamps_ms.data() + skipped;
  const double* const inside = values.data() + skipped;
  const std::size_t count = values.size() - skipped;
  switch (mode) {
    case Align::kLast: return fold<Last>(times, inside, count, grid, row.data());
    case Align::kMean: return fold<Mean>(times, inside, count, grid, row.data());
    case Align::kMin: return fold<Min>(times, inside, count, grid, row.data());
    case Align::kMax: return fold<Max>(times, inside, count, grid, row.data());
    case Align::kSum: return fold<Sum>(times, inside, count, grid, row.data());
    case Align::kCount: return fold<Count>(times, inside, count, grid, row.data());
    case Align::kIncrease:
      return fold_increase(times, inside, count, grid, newest_value(values.data(), skipped), row.data());
  }
}

}  // namespace trimtab
