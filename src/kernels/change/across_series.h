// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "kernels/change/change_points.h"

// What the changes of several series say together.
namespace trimtab::kernels {

struct SeriesChanges {
  std::vector<ChangePoint> changes;
  std::size_t cells = 0;  // of the series: so many places were tried
};

// Takes out changes that chance alone would give among so many series: the Benjamini-Hochberg rule at `rate`
// over every change's probability times the cells of its series (all places were tried); a series without
// change counts as one that gave nothing. Returns how many were taken out. Requires 0 < rate < 1.
std::size_t keep_false_discovery_rate(std::span<SeriesChanges> series, double rate);

// A cost that moved instead of changing: one series steps down, a sibling in the same unit steps up by as
// much at the same time, so that their sum stays (Thakkar et al., FBDetect, SOSP 2024, call it a cost shift).
struct CostShift {
  std::size_t from = 0, to = 0;                // series: the one that fell, the one that rose
  std::size_t from_change = 0, to_change = 0;  // which of their changes
};

// Pairs of steps at most kShiftApartMax cells apart, in opposite directions, whose sum is at most
// kShiftRestMax of the larger. Each change is in one pair at most, those that cancel best first. Series of
// the same cells.
std::vector<CostShift> find_cost_shifts(std::span<const SeriesChanges> series);

inline constexpr std::size_t kShiftApartMax = 3;
inline constexpr double kShiftRestMax = 0.25;

}  // namespace trimtab::kernels
