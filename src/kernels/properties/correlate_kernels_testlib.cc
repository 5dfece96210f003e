// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "kernels/correlate/changed_rows.h"
#include "kernels/correlate/counting.h"
#include "kernels/correlate/lagged_correlation.h"
#include "kernels/correlate/order.h"
#include "kernels/correlate/separation.h"
#include "kernels/correlate/sign_dependence.h"
#include "kernels/properties/kernel_table_testlib.h"

namespace trimtab::kernels {
namespace {

using testing::Carries;
using testing::Figures;
using testing::Gaps;
using testing::KernelCase;
using testing::moves;
using testing::scales;
using testing::stays;
using Values = std::span<const double>;

Figures order(Values values) {
  std::vector<double> sorted(values.begin(), values.end()), scratch(values.size());
  sort_values(sorted, scratch);
  Figures out = testing::all_of(sorted, Carries::kMoves);
  std::vector<double> copied(values.begin(), values.end());
  if (!copied.empty()) out.push_back(moves(fast_median(copied)));
  return out;
}

void add(Figures& out, const Separation& separation) {
  out.push_back(stays(separation.statistic));
  out.push_back(moves(separation.at));
  for (const bool flag : {separation.above, separation.higher}) out.push_back(stays(flag));
  out.push_back(stays(separation.middle));
}

// The last third against the rest, sorted and counted.
Figures separations(Values values) {
  const Values small = values.last((values.size() + 2) / 3),
               large = values.first(values.size() - small.size());
  std::vector<double> sorted(small.begin(), small.end()), scratch(small.size());
  sort_values(sorted, scratch);
  sorted.resize(small.size() + kSeparationGuard);
  std::vector<std::uint32_t> counts(separation_counts(small.size()));
  Figures out;
  const Separation separation = separate(sorted, large, counts);
  add(out, separation);
  add(out, turned(separation));
  out.push_back(stays(kolmogorov_tail(4 * separation.statistic)));
  out.push_back(stays(separation_probability(separation.statistic, 40, 20)));
  return out;
}

Figures counted(Values values) {
  const Values small = values.last((values.size() + 2) / 3),
               large = values.first(values.size() - small.size());
  Keys small_keys, large_keys;
  small_keys.assign(small, values[values.size() / 2]);
  large_keys.assign(large, values[values.size() / 2]);
  if (small_keys.count == 0 || large_keys.count == 0) return {};
  CountingScratch scratch;
  Figures out;
  add(out, separate_by_counting(small_keys, small, large_keys, scratch));
  out.push_back(moves(median_by_counting(large_keys, large, scratch)));
  return out;
}

Figures signs(Values values) {
  std::vector<double> present;
  for (const double value : values)
    if (!std::isnan(value)) present.push_back(value);
  const double centre = present.empty() ? 0 : fast_median(present);
  SignBits bits;
  bits.assign(values, centre);
  const EffectiveCounts out = effective_counts(bits, present.size(), present.size() / 5);
  return {stays(out.reference), stays(out.window)};
}

// Five rows, the last fifth of the columns as the window.
Figures rows(Values values) {
  const std::size_t columns = values.size() / 5;
  const Values block = values.first(5 * columns);
  std::vector<RowChange> changes(columns == 0 ? 0 : 5);
  ChangedRowsWorkspace workspace;
  scan_changed_rows({block, columns}, {columns * 4 / 5, columns}, changes, workspace);
  Figures out;
  for (const RowChange& change : changes) {
    if (change.judged) {
      out.push_back(moves(change.reference_median));
      out.push_back(moves(change.window_median));
    }
    for (const double figure : {change.shift, change.level_statistic, change.level_probability,
                                change.difference_statistic, change.difference_probability,
                                change.effective_reference, change.effective_window, change.probability})
      out.push_back(stays(figure));
    out.push_back(stays(change.direction));
    out.push_back(stays(change.evidence));
    out.push_back(stays(change.onset));
  }
  testing::append(out, testing::all_of(rank_changed_rows(changes, 0.5), Carries::kStays));
  return out;
}

Figures lagged(Values values) {
  const Values target = values.first(values.size() / 2), candidate = values.last(values.size() / 2);
  LaggedCorrelationWorkspace workspace;
  whiten_target(target, workspace);
  const LaggedCorrelation out = correlate_with_target(candidate, 30, workspace);
  return {stays(workspace.coefficient), stays(out.lag), stays(out.correlation), stays(out.probability),
          stays(out.effective_count)};
}

}  // namespace

std::vector<KernelCase> correlate_kernels() {
  return {
      {.name = "order", .run = order},
      {.name = "separation", .values_min = 2, .run = separations},
      {.name = "counting", .gaps = Gaps::kTakeTime, .values_min = 2, .run = counted},
      {.name = "sign_dependence", .gaps = Gaps::kTakeTime, .run = signs},
      {.name = "changed_rows", .gaps = Gaps::kTakeTime, .run = rows},
      {.name = "lagged_correlation", .gaps = Gaps::kTakeTime, .tolerance = 1e-7, .run = lagged},
  };
}

}  // namespace trimtab::kernels
