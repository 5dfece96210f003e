// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "analyze/plan.h"
#include "kernels/resample.h"
#include "store/store.h"

namespace trimtab::analyze {

struct CellOptions {
  TimestampMs at_ms = 0;
  DurationMs history_ms = 0;
  DurationMs step_ms = 0;  // 0: from the series' own interval
  std::size_t columns_max = 20160;
};

// What one read of a series said about it.
struct SeriesFacts {
  std::size_t samples = 0;
  TimestampMs first_ms = 0;
  TimestampMs last_ms = 0;
  DurationMs interval_ms = 0;  // median distance of neighbours; 0 with less than two samples
};

SeriesFacts look_at(const SampleBuffer& samples);

// Even cells that end at at_ms and start at first_ms: a round step (1 s, 2 s, 5 s, ... 1 d) of at least the
// interval that keeps within columns_max.
kernels::Cells choose_cells(const SeriesFacts& facts, const CellOptions& options);

// No sample for five intervals and at least ten minutes: the series has ended.
bool is_stale(const SeriesFacts& facts, TimestampMs at_ms);

}  // namespace trimtab::analyze
