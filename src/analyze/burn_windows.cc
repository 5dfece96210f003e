// SPDX-License-Identifier: Apache-2.0
#include "analyze/burn_windows.h"

#include <algorithm>

namespace trimtab::analyze {

std::array<BurnPair, 4> burn_pairs(DurationMs objective_window_ms) {
  const DurationMs window = std::min(objective_window_ms, 30 * kDayMs);
  const auto pair = [](DurationMs long_ms, DurationMs divisor, double threshold, bool fast) {
    long_ms = std::max(long_ms, kBurnLongMinMs);
    return BurnPair{long_ms, std::max(long_ms / divisor, kBurnShortMinMs), threshold, fast};
  };
  return {pair(window / 720, 12, 14.4, true), pair(window / 120, 12, 6, true),
          pair(window / 30, 12, 3, false), pair(window / 10, 12, 1, false)};
}

}  // namespace trimtab::analyze
