// SPDX-License-Identifier: Apache-2.0
#include "kernels/change/across_series.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "base/check.h"
#include "kernels/false_discovery.h"

namespace trimtab::kernels {
namespace {

double chance_of(const ChangePoint& change, std::size_t cells) {
  return std::min(1.0, change.probability() * static_cast<double>(std::max<std::size_t>(1, cells)));
}

struct Step {
  std::size_t series, change, index;
  double size;
};

}  // namespace

std::size_t keep_false_discovery_rate(std::span<SeriesChanges> series, double rate) {
  CHECK(rate > 0 && rate < 1, "rate {}", rate);
  std::vector<double> chances;
  std::size_t judged = 0;
  for (const SeriesChanges& one : series) {
    for (const ChangePoint& change : one.changes) chances.push_back(chance_of(change, one.cells));
    judged += std::max<std::size_t>(1, one.changes.size());
  }
  std::sort(chances.begin(), chances.end());
  const std::size_t kept = keep_alarms(chances, judged, rate);
  const double highest = kept == 0 ? -1 : chances[kept - 1];
  std::size_t out = 0;
  for (SeriesChanges& one : series)
    out += std::erase_if(one.changes,
                         [&](const ChangePoint& change) { return chance_of(change, one.cells) > highest; });
  return out;
}

std::vector<CostShift> find_cost_shifts(std::span<const SeriesChanges> series) {
  std::vector<Step> falls, rises;
  for (std::size_t s = 0; s < series.size(); ++s) {
    for (std::size_t c = 0; c < series[s].changes.size(); ++c) {
      const ChangePoint& change = series[s].changes[c];
      const double size = change.after - change.before;
      if (change.kind == ChangeKind::kStep && size != 0)
        (size < 0 ? falls : rises).push_back({s, c, change.index, size});
    }
  }
  std::sort(rises.begin(), rises.end(), [](const Step& a, const Step& b) {
    return std::tie(a.index, a.series) < std::tie(b.index, b.series);
  });
  struct Pair {
    double rest;
    CostShift shift;
  };
  std::vector<Pair> pairs;
  for (const Step& fall : falls) {
    const std::size_t first = fall.index - std::min(fall.index, kShiftApartMax);
    auto rise = std::lower_bound(rises.begin(), rises.end(), first,
                                 [](const Step& step, std::size_t index) { return step.index < index; });
    for (; rise != rises.end() && rise->index <= fall.index + kShiftApartMax; ++rise) {
      const double rest = std::abs(fall.size + rise->size) / std::max(-fall.size, rise->size);
      if (rise->series == fall.series || rest > kShiftRestMax) continue;
      pairs.push_back({rest, {fall.series, rise->series, fall.change, rise->change}});
    }
  }
  const auto key = [](const Pair& pair) {
    const CostShift& shift = pair.shift;
    return std::tie(pair.rest, shift.from, shift.from_change, shift.to, shift.to_change);
  };
  std::sort(pairs.begin(), pairs.end(), [&](const Pair& a, const Pair& b) { return key(a) < key(b); });
  std::vector<CostShift> out;
  for (const Pair& pair : pairs) {
    const bool taken = std::any_of(out.begin(), out.end(), [&](const CostShift& other) {
      return (other.from == pair.shift.from && other.from_change == pair.shift.from_change) ||
             (other.to == pair.shift.to && other.to_change == pair.shift.to_change);
    });
    if (!taken) out.push_back(pair.shift);
  }
  return out;
}

}  // namespace trimtab::kernels
