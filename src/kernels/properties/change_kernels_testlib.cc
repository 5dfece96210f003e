// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels/change/across_series.h"
#include "kernels/change/change_points.h"
#include "kernels/change/e_divisive.h"
#include "kernels/change/segmentation.h"
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

std::vector<ChangePoint> changes_of(Values values) {
  ChangeWorkspace workspace;
  std::vector<ChangePoint> out;
  find_changes(values, {}, workspace, out);
  return out;
}

Figures changes(Values values) {
  const auto found = changes_of(values);
  Figures out{stays(found.size())};
  for (const ChangePoint& change : found) {
    for (const double figure : {change.before, change.after}) out.push_back(moves(figure));
    for (const double figure :
         {change.effect, change.t_probability, change.rank_probability, change.dominance})
      out.push_back(stays(figure));
    out.push_back(stays(change.index));
    out.push_back(stays(change.kind));
    out.push_back(stays(change.went_away));
  }
  return out;
}

Figures energy(Values values) {
  EDivisiveScratch scratch;
  std::vector<std::size_t> cuts;
  e_divisive(values, {}, scratch, cuts);
  Figures out = testing::all_of(cuts, Carries::kStays);
  out.push_back(stays(best_energy_split(values.first(std::min<std::size_t>(values.size(), 120)), 3)));
  return out;
}

Figures segments(Values values) {
  SegmentSums sums;
  sums.build(values, values[0]);
  const SegmentSums::Error whole = sums.error(0, values.size());
  // Prices that move with the series.
  const SegmentPrice price{whole.level / 20, whole.level / 15};
  std::vector<std::size_t> starts(values.size()), cuts;
  std::iota(starts.begin(), starts.end(), std::size_t{0});
  SegmentationScratch scratch;
  Figures out{scales(std::sqrt(whole.level)), scales(std::sqrt(whole.line)),
              moves(sums.mean(0, values.size())), scales(sums.slope(0, values.size()))};
  if (!(whole.level > 0)) return out;  // no price, no cut
  cheapest_segments(sums, starts, values.size(), price, 3, scratch, cuts);
  testing::append(out, testing::all_of(cuts, Carries::kStays));
  return out;
}

// The series, its mirror image and its other half, as three that stand side by side.
Figures across(Values values) {
  std::vector<double> mirrored;
  for (const double value : values) mirrored.push_back(2 * values[0] - value);
  std::vector<SeriesChanges> series;
  series.push_back({changes_of(values), values.size()});
  series.push_back({changes_of(mirrored), values.size()});
  series.push_back({changes_of(values.subspan(values.size() / 2)), values.size() / 2});
  Figures out;
  for (const CostShift& shift : find_cost_shifts(series))
    for (const std::size_t figure : {shift.from, shift.to, shift.from_change, shift.to_change})
      out.push_back(stays(figure));
  out.push_back(stays(keep_false_discovery_rate(series, 0.01)));
  return out;
}

}  // namespace

std::vector<KernelCase> change_kernels() {
  return {
      // The season taken off is single precision.
      {.name = "change_points", .gaps = Gaps::kTakeTime, .tolerance = 1e-4, .run = changes},
      {.name = "e_divisive", .run = energy},
      {.name = "segmentation", .values_min = 1, .tolerance = 1e-6, .run = segments},
      {.name = "across_series", .gaps = Gaps::kTakeTime, .run = across},
  };
}

}  // namespace trimtab::kernels
