// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "store/store.h"

namespace trimtab::embedded {

// Fills one row of a Matrix: cell c covers (start + (c - 1) * step, start + c * step]. Samples older
// than the first cell only serve as the value before it (kIncrease). Stale markers are no value.
void align_samples(const SampleBuffer& samples, TimestampMs start, DurationMs step, Align align,
                   std::span<double> row);

}  // namespace trimtab::embedded
