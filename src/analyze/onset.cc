// SPDX-License-Identifier: Apache-2.0
#include "analyze/onset.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace trimtab::analyze {
namespace {

constexpr double kStepScalesMax = 8;  // a step of so many spreads is enough, however large the shift

void coarsen(std::span<const double> values, std::size_t width, std::vector<double>& out) {
  out.clear();
  for (std::size_t from = 0; from < values.size(); from += width) {
    double sum = 0;
    double count = 0;
    for (const double value : values.subspan(from, std::min(width, values.size() - from))) {
      if (std::isnan(value)) continue;
      sum += value;
      ++count;
    }
    out.push_back(count > 0 ? sum / count : std::numeric_limits<double>::quiet_NaN());
  }
}

// The split of [from, to) into two levels with the least squared error; values pulled in around the centre.
std::size_t best_split(std::span<const double> values, std::size_t from, std::size_t to, const Move& move) {
  const double reach = std::max(std::abs(move.shift), kStepScalesMax * move.scale);
  const auto tamed = [&](double value) { return std::clamp(value - move.centre, -reach, reach); };
  double total = 0;
  double count = 0;
  for (std::size_t i = from; i < to; ++i) {
    if (std::isnan(values[i])) continue;
    total += tamed(values[i]);
    ++count;
  }
  std::size_t best = from;
  double best_gain = -1;
  double left = 0;
  double left_count = 0;
  for (std::size_t i = from; i + 1 < to; ++i) {
    if (std::isnan(values[i])) continue;
    left += tamed(values[i]);
    ++left_count;
    if (left_count == count) break;
    const double right = total - left;
    const double gain = left * left / left_count + right * right / (count - left_count);
    if (gain <= best_gain) continue;
    best_gain = gain;
    best = i + 1;
  }
  return best;
}

std::optional<Onset> find_in(std::span<const double> values, std::size_t start, std::size_t width,
                             const Move& move, std::size_t window, OnsetScratch& scratch) {
  const std::span<const double> part = values.subspan(start);
  coarsen(part, width, scratch.coarse);
  kernels::find_changes(scratch.coarse, {.cells_min = 2}, scratch.workspace, scratch.changes);
  const double wanted = 0.5 * std::min(std::abs(move.shift), kStepScalesMax * move.scale);
  const int direction = move.shift < 0 ? -1 : 1;
  for (std::size_t i = scratch.changes.size(); i-- > 0;) {
    const kernels::ChangePoint& change = scratch.changes[i];
    if ((change.after - change.before) * direction < wanted) continue;
    // Within the window a climb is dated by its first cell that is off, not by where its line meets the
    // usual.
    const bool climbs = change.kind == kernels::ChangeKind::kBend;
    if (climbs && part.size() - change.index * width <= window) continue;
    Onset onset;
    onset.change = change;
    onset.cell = start + change.index * width;
    if (width > 1) {
      const std::size_t from = onset.cell - std::min(onset.cell, 2 * width);
      onset.cell = best_split(values, from, std::min(values.size(), onset.cell + 2 * width), move);
    }
    for (std::size_t later = i + 1; later < scratch.changes.size(); ++later) {
      onset.over |= std::abs(scratch.changes[later].after - move.centre) < wanted;
    }
    return onset;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Onset> find_onset(std::span<const double> values, const Move& move, std::size_t window,
                                std::size_t reach, OnsetScratch& scratch) {
  reach = std::min(reach, values.size());
  const std::size_t near = std::min({reach, kOnsetNearWindows * window, kOnsetCellsMax});
  if (auto found = find_in(values, values.size() - near, 1, move, window, scratch)) return found;
  if (near == reach) return std::nullopt;
  return find_in(values, values.size() - reach, (reach + kOnsetCellsMax - 1) / kOnsetCellsMax, move, window,
                 scratch);
}

}  // namespace trimtab::analyze
