// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "kernels/change/change_points.h"

namespace trimtab::analyze {

struct OnsetScratch {
  std::vector<double> coarse;
  kernels::ChangeWorkspace workspace;
  std::vector<kernels::ChangePoint> changes;
};

// What is looked for: a move of `shift` (signed) away from `centre`, in cells where `scale` is the usual
// spread.
struct Move {
  double centre = 0;
  double scale = 1;
  double shift = 0;
};

// Since when a series is away from its usual, as change points tell it.
struct Onset {
  std::size_t cell = 0;         // first cell of the new level
  kernels::ChangePoint change;  // of the part looked at: its probabilities and effect
  bool over = false;            // a later change brought it back
};

// The newest change point that moves at least half of the shift in its direction; looked for in the newest
// kOnsetNearWindows windows cell by cell, then in the newest `reach` cells over means of at most
// kOnsetCellsMax stretches, and then to the cell. A change of slope counts when it is older than the window.
// Nothing when no change point is sure: then the deviation came too slowly, or lasts too shortly, to be dated
// by its level.
std::optional<Onset> find_onset(std::span<const double> values, const Move& move, std::size_t window,
                                std::size_t reach, OnsetScratch& scratch);

inline constexpr std::size_t kOnsetNearWindows = 8;
inline constexpr std::size_t kOnsetCellsMax = 256;

}  // namespace trimtab::analyze
