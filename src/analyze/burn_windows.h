// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "base/time.h"

namespace trimtab::analyze {

// One pair of windows: the longer says that enough of the budget went, the shorter that it still goes.
struct BurnPair {
  DurationMs long_ms = 0;
  DurationMs short_ms = 0;
  double threshold = 0;  // times too fast
  bool fast = false;     // somebody should look now
};

inline constexpr DurationMs kBurnLongMinMs = 10 * kMinuteMs;
inline constexpr DurationMs kBurnShortMinMs = 5 * kMinuteMs;

// The pairs for an objective's window. For 30 days and more those of the SRE workbook (table 5-8): 2 % of a
// 30-day budget in an hour, 5 % in six, 10 % in a day, 10 % in three. For a shorter objective the windows
// shrink with it, down to minutes that still hold samples.
std::array<BurnPair, 4> burn_pairs(DurationMs objective_window_ms);

}  // namespace trimtab::analyze
