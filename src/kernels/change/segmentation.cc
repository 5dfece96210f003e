// SPDX-License-Identifier: Apache-2.0
#include "kernels/change/segmentation.h"

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "base/clones.h"

namespace trimtab::kernels {

void SegmentSums::build(std::span<const double> values, double centre) {
  centre_ = centre;
  sums_.resize(values.size() + 1);
  sums_[0] = {};
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double value = values[i] - centre;
    sums_[i + 1] = {sums_[i].value + value, sums_[i].square + value * value,
                    sums_[i].product + value * static_cast<double>(i)};
  }
}

double SegmentSums::slope(std::size_t from, std::size_t to) const {
  const double count = static_cast<double>(to - from);
  if (to - from < 2) return 0;
  const double sum = sums_[to].value - sums_[from].value;
  const double middle = static_cast<double>(from + to - 1) / 2;
  return (sums_[to].product - sums_[from].product - sum * middle) / (count * (count * count - 1) / 12);
}

namespace {

constexpr std::size_t kLanes = 4;
constexpr std::size_t kPruneEvery = 8;  // positions; a start too many costs less than looking at each

struct End {
  double at, value, square, product;
};

// What the cheapest cut costs whose last stretch is [start, end), for every open start; the least of them. A
// start whose floor (nothing to pay for the last stretch) is dearer than that never wins again.
TRIMTAB_CLONES double cost_of_each(const SegmentationScratch::Open& open, const End& end, SegmentPrice price,
                                   double* __restrict costs, double* __restrict floors) {
  const std::size_t count = open.index.size();
  const double* const best = open.best.data();
  const double* const start = open.start.data();
  const double* const value = open.value.data();
  const double* const square = open.square.data();
  const double* const product = open.product.data();
  for (std::size_t i = 0; i < count; ++i) {
    const double cells = end.at - start[i];
    // Of one cell the moment is 0 whatever it is divided by; a condition would keep the loop from being
    // vectorised.
    const double positions = cells * cells - (1 - 1e-9);
    const double inverse = 1 / (cells * positions);  // one division serves both
    const double share = positions * inverse;
    const double spread = 12 * inverse;
    const double sum = end.value - value[i];
    const double level = end.square - square[i] - sum * sum * share;
    const double moment = end.product - product[i] - sum * (0.5 * (start[i] + end.at - 1));
    const double line = level - moment * moment * spread;
    const double level_error = level > 0 ? level : 0, line_error = line > 0 ? line : 0;
    const double by_level = level_error + price.level, by_line = line_error + price.line;
    costs[i] = best[i] + (by_level < by_line ? by_level : by_line);
    floors[i] = best[i] + line_error;
  }
  double least[kLanes];
  for (double& lane : least) lane = std::numeric_limits<double>::infinity();
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane)
      least[lane] = costs[i + lane] < least[lane] ? costs[i + lane] : least[lane];
  }
  double out = least[0];
  for (const double lane : least) out = lane < out ? lane : out;
  for (; i < count; ++i) out = costs[i] < out ? costs[i] : out;
  return out;
}

void prune(SegmentationScratch::Open& open, const std::vector<double>& floors, double best) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < open.index.size(); ++i) {
    for (auto* values : {&open.best, &open.start, &open.value, &open.square, &open.product})
      (*values)[kept] = (*values)[i];
    open.index[kept] = open.index[i];
    kept += static_cast<std::size_t>(!(floors[i] > best));
  }
  open.resize(kept);
}

}  // namespace

void cheapest_segments(const SegmentSums& sums, std::span<const std::size_t> starts, std::size_t end,
                       const SegmentPrice& price, std::size_t cells_min, SegmentationScratch& s,
                       std::vector<std::size_t>& cuts) {
  CHECK(!starts.empty() && starts.back() < end && end <= sums.size());
  constexpr double kNever = std::numeric_limits<double>::infinity();
  cuts.clear();
  const std::size_t count = starts.size();
  // best[k]: the cheapest cut of [starts[0], starts[k]); position `count` stands for the end.
  s.best.assign(count + 1, kNever);
  s.previous.assign(count + 1, 0);
  s.best[0] = 0;
  s.open.resize(0);
  if (s.costs.size() < count) s.costs.resize(count), s.floors.resize(count);
  std::size_t next = 0;  // the first start that is not yet open
  for (std::size_t k = 1; k <= count; ++k) {
    const std::size_t to = k == count ? end : starts[k];
    for (; next < k && starts[next] + cells_min <= to; ++next) {
      if (s.best[next] < kNever) s.open.add(next, s.best[next], starts[next], sums.until(starts[next]));
    }
    if (s.open.index.empty()) continue;
    const SegmentSums::Sums& until = sums.until(to);
    const double best =
        cost_of_each(s.open, {static_cast<double>(to), until.value, until.square, until.product}, price,
                     s.costs.data(), s.floors.data());
    const auto first = std::find(s.costs.begin(), s.costs.end(), best) - s.costs.begin();
    s.previous[k] = s.open.index[static_cast<std::size_t>(first)];
    s.best[k] = best;
    if (k % kPruneEvery == 0) prune(s.open, s.floors, best);
  }
  if (s.best[count] == kNever) return;
  for (std::size_t k = s.previous[count]; k > 0; k = s.previous[k]) cuts.push_back(starts[k]);
  std::reverse(cuts.begin(), cuts.end());
}

}  // namespace trimtab::kernels
