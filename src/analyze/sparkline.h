// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "analyze/verdict.h"
#include "kernels/resample.h"

namespace trimtab::analyze {

inline constexpr std::size_t kSparklinePointsMax = 120;

// The end of the cells, from well before `since_ms` (three times as long before as after, at least
// kSparklineCellsMin cells), as means of at most kSparklinePointsMax even bins. NaN where nothing is known.
Sparkline draw_sparkline(const kernels::Cells& cells, std::span<const double> values, TimestampMs since_ms);

inline constexpr std::size_t kSparklineCellsMin = 60;

}  // namespace trimtab::analyze
