// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include "base/time.h"
#include "store/store.h"

namespace trimtab {

// The cells of one row: cell c stands at start_ms + c * step_ms and covers the step_ms that end there,
// (time - step, time].
struct AlignGrid {
  TimestampMs start_ms = 0;  // within kTimestampMin..kTimestampMax
  DurationMs step_ms = 0;    // > 0
  std::size_t columns = 0;   // start_ms + columns * step_ms must not overflow

  // The times whose samples a row needs; for kIncrease also the last sample before it.
  TimeRange covered() const;
};

// Folds the samples of one series into row[0..grid.columns).
//
// NaN of any kind, stale markers included, is no value: it takes part in nothing. A cell without values
// is NaN, with kCount 0. Sums run in time order, so results do not depend on how chunks were cut.
//   kLast      the newest value           kCount  how many values
//   kMean, kMin, kMax, kSum               of the values
//   kIncrease  the sum over the cell's values of what each adds to the value before it: v - before, or v
//              itself after a counter reset (v < before). The value before may lie in an earlier cell or
//              before the first one (pass samples from before the grid for that). NaN where no value has
//              one before it: unknown is not zero.
// Samples outside the grid are otherwise ignored. Times rise strictly. Cost: about a nanosecond a sample
// and two a cell; allocates nothing.
void align_samples(std::span<const TimestampMs> timestamps_ms, std::span<const double> values,
                   const AlignGrid& grid, Align mode, std::span<double> row);

}  // namespace trimtab
