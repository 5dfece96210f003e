// SPDX-License-Identifier: Apache-2.0
#include "kernels/correlate/changed_rows.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include "base/check.h"
#include "kernels/correlate/order.h"
#include "kernels/correlate/separation.h"
#include "kernels/false_discovery.h"
#include "kernels/quantile.h"

namespace trimtab::kernels {
namespace {

bool finite(double value) { return value - value == 0; }

// Copies the values there are to `out`, in order; tells how many.
std::size_t compress(std::span<const double> values, double* out) {
  std::size_t count = 0;
  for (const double value : values) {
    out[count] = value;
    count += static_cast<std::size_t>(finite(value));
  }
  return count;
}

void prepare(ChangedRowsWorkspace& workspace, std::size_t columns) {
  const std::size_t size = columns + kSeparationGuard;
  for (auto* values : {&workspace.values, &workspace.reference, &workspace.window, &workspace.scratch})
    if (values->size() < size) values->resize(size);
  if (workspace.counts.size() < separation_counts(columns))
    workspace.counts.resize(separation_counts(columns));
}

struct Lane {
  std::span<const double> values;  // by column, up to the end of the window
  std::size_t reference_count = 0, window_count = 0;
  double centre = 0;  // median of the reference
  Separation separation;
  EffectiveCounts effective;
  double probability = 1;
};

// Where counting all pairs costs more than sorting the smaller side.
constexpr std::size_t kCountedPairsMax = 150'000;

// A value of the row from its middle, so that keys relative to it lose nothing.
double base_of(std::span<const double> values) {
  double base = 0;
  for (std::size_t i = values.size() / 2; i < values.size(); ++i)
    if (finite(base = values[i])) return base;
  for (std::size_t i = values.size() / 2; i-- > 0;)
    if (finite(base = values[i])) return base;
  return 0;
}

Separation separate_by_sorting(const Lane& lane, std::size_t begin, ChangedRowsWorkspace& workspace) {
  compress(lane.values.first(begin), workspace.reference.data());
  compress(lane.values.subspan(begin), workspace.window.data());
  const std::span reference = std::span(workspace.reference).first(lane.reference_count);
  const std::span window = std::span(workspace.window).first(lane.window_count);
  if (window.size() <= reference.size()) {
    sort_values(window, workspace.scratch);
    return separate({window.data(), window.size() + kSeparationGuard}, reference, workspace.counts);
  }
  sort_values(reference, workspace.scratch);
  return turned(separate({reference.data(), reference.size() + kSeparationGuard}, window, workspace.counts));
}

void judge(Lane& lane, std::size_t begin, ChangedRowsWorkspace& workspace) {
  const double base = base_of(lane.values);
  const auto before = lane.values.first(begin), inside = lane.values.subspan(begin);
  Keys& reference = workspace.reference_keys;
  Keys& window = workspace.window_keys;
  reference.assign(before, base);
  window.assign(inside, base);
  lane.reference_count = reference.count;
  lane.window_count = window.count;
  if (lane.reference_count < kReferenceValuesMin || lane.window_count < kWindowValuesMin) return;
  if (reference.count * window.count > kCountedPairsMax) {
    lane.separation = separate_by_sorting(lane, begin, workspace);
  } else if (window.count <= reference.count) {
    lane.separation = separate_by_counting(window, inside, reference, workspace.counting);
  } else {
    lane.separation = turned(separate_by_counting(reference, before, window, workspace.counting));
  }
  lane.centre = median_by_counting(reference, before, workspace.counting);
  workspace.signs.assign(before, lane.centre);
  lane.effective = effective_counts(workspace.signs, lane.reference_count, lane.window_count);
  lane.probability =
      separation_probability(lane.separation.statistic, lane.effective.reference, lane.effective.window);
}

// The start of the stretch, ending in the window, whose values lie most on the window's side of the most
// telling value, more than halfway between both sides' shares.
std::size_t onset_of(const Lane& lane, std::size_t begin) {
  const std::size_t length = lane.values.size() - begin;
  const std::size_t first = begin - std::min(begin, length);
  const Separation& separation = lane.separation;
  const double sign = separation.higher ? 1 : -1;
  double sum = 0, best = -1;
  std::size_t start = first, onset = begin;
  for (std::size_t i = first; i < lane.values.size(); ++i) {
    const double value = lane.values[i];
    if (!finite(value)) continue;
    const bool up = separation.above ? value > separation.at : value >= separation.at;
    if (sum <= 0) {
      sum = 0;
      start = i;
    }
    sum += sign * ((up ? 1.0 : 0.0) - separation.middle);
    if (sum > best && i >= begin) {
      best = sum;
      onset = start;
    }
  }
  return onset;
}

void judge_row(std::span<const double> row, std::size_t begin, RowChange& out,
               ChangedRowsWorkspace& workspace) {
  out = {};
  Lane levels;
  levels.values = row;
  judge(levels, begin, workspace);
  out.reference_count = static_cast<std::uint32_t>(levels.reference_count);
  out.window_count = static_cast<std::uint32_t>(levels.window_count);
  if (levels.reference_count < kReferenceValuesMin || levels.window_count < kWindowValuesMin) return;
  out.judged = true;
  out.reference_median = levels.centre;
  out.window_median = median_by_counting(workspace.window_keys, row.subspan(begin), workspace.counting);
  constexpr double kNormalConsistency = 1.4826;  // as mad_in_place
  const std::span deviations = std::span(workspace.values).first(begin);
  for (std::size_t i = 0; i < begin; ++i) deviations[i] = std::abs(row[i] - levels.centre);
  workspace.reference_keys.assign(deviations, 0);
  const double spread =
      kNormalConsistency * median_by_counting(workspace.reference_keys, deviations, workspace.counting);
  out.shift = (out.window_median - out.reference_median) / std::max(spread, scale_floor(levels.centre, 0));
  out.level_statistic = levels.separation.statistic;
  out.level_probability = levels.probability;
  out.effective_reference = levels.effective.reference;
  out.effective_window = levels.effective.window;
  if (levels.separation.statistic > 0)
    out.direction = levels.separation.higher ? ChangeDirection::kUp : ChangeDirection::kDown;

  const std::span differences = std::span(workspace.values).first(row.size());
  differences[0] = std::numeric_limits<double>::quiet_NaN();
  for (std::size_t i = 1; i < row.size(); ++i) differences[i] = row[i] - row[i - 1];
  Lane moves;
  moves.values = differences;
  judge(moves, begin, workspace);
  out.difference_statistic = moves.separation.statistic;
  out.difference_probability = moves.probability;
  out.probability = std::min(1.0, 2 * std::min(levels.probability, moves.probability));
  const bool by_moves = moves.probability < levels.probability;
  out.evidence = by_moves ? ChangeEvidence::kDifferences : ChangeEvidence::kLevels;
  out.onset = static_cast<std::uint32_t>(onset_of(by_moves ? moves : levels, begin));
}

}  // namespace

void scan_changed_rows(const RowBlock& block, const ColumnWindow& window, std::span<RowChange> out,
                       ChangedRowsWorkspace& workspace) {
  CHECK(window.begin <= window.end && window.end <= block.columns, "window [{}, {}) of {} columns",
        window.begin, window.end, block.columns);
  CHECK(out.size() == block.rows() && block.rows() * block.columns == block.values.size(),
        "{} values of {} columns into {} rows", block.values.size(), block.columns, out.size());
  prepare(workspace, block.columns);
  for (std::size_t row = 0; row < out.size(); ++row)
    judge_row(block.values.subspan(row * block.columns, window.end), window.begin, out[row], workspace);
}

std::vector<std::size_t> rank_changed_rows(std::span<const RowChange> changes, double false_discovery_rate) {
  CHECK(false_discovery_rate > 0 && false_discovery_rate < 1, "rate {}", false_discovery_rate);
  // The rule never keeps a probability above the rate, so only those below need an order.
  std::size_t judged = 0;
  std::vector<double> low;
  for (const RowChange& change : changes) {
    judged += change.judged ? 1 : 0;
    if (change.judged && change.probability <= false_discovery_rate) low.push_back(change.probability);
  }
  std::sort(low.begin(), low.end());
  const std::size_t kept = keep_alarms(low, judged, false_discovery_rate);
  std::vector<std::size_t> rows;
  if (kept == 0) return rows;
  const double highest = low[kept - 1];
  for (std::size_t row = 0; row < changes.size(); ++row)
    if (changes[row].judged && changes[row].probability <= highest) rows.push_back(row);
  const auto key = [&](std::size_t row) {
    const RowChange& change = changes[row];
    return std::tuple(-std::abs(change.shift), -std::max(change.level_statistic, change.difference_statistic),
                      change.probability, row);
  };
  std::sort(rows.begin(), rows.end(), [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
  return rows;
}

}  // namespace trimtab::kernels
