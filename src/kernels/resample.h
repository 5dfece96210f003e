// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include "base/time.h"

namespace trimtab::kernels {

// Even cells of time: cell i covers (end(i) - step_ms, end(i)], end(i) = first_end_ms + i * step_ms.
struct Cells {
  TimestampMs first_end_ms = 0;
  DurationMs step_ms = 1;
  std::size_t count = 0;
  TimestampMs end(std::size_t i) const { return first_end_ms + static_cast<DurationMs>(i) * step_ms; }
};

// Mean of the samples in each cell; NaN where there are none. NaN samples (stale markers among them) and
// samples outside the cells are left out. Times must be sorted. Requires: out.size() == cells.count.
void resample_mean(std::span<const TimestampMs> times_ms, std::span<const double> values, const Cells& cells,
                   std::span<double> out);

// A counter's increase per second in each cell. A value below the one before is a reset: the counter
// started again at 0, so the increase is the new value (as in Prometheus). Each increase and the time it
// took belong to the cell of the later sample. A negative or infinite value breaks the chain like a gap.
void resample_rate(std::span<const TimestampMs> times_ms, std::span<const double> values, const Cells& cells,
                   std::span<double> out);

// As resample_rate but the plain increase, added to what `out` holds; NaN cells become numbers on first use.
void add_increase(std::span<const TimestampMs> times_ms, std::span<const double> values, const Cells& cells,
                  std::span<double> out);

}  // namespace trimtab::kernels
