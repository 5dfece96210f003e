// SPDX-License-Identifier: Apache-2.0
#include "kernels/change/segmentation.h"

#include <algorithm>
#include <limits>

#include "base/check.h"

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
  s.open.clear();
  std::size_t next = 0;  // the first start that is not yet open
  for (std::size_t k = 1; k <= count; ++k) {
    const std::size_t to = k == count ? end : starts[k];
    while (next < k && starts[next] + cells_min <= to) {
      if (s.best[next] < kNever) s.open.push_back(next);
      ++next;
    }
    double best = kNever;
    for (const std::size_t a : s.open) {
      const auto error = sums.error(starts[a], to);
      const double cost = s.best[a] + std::min(error.level + price.level, error.line + price.line);
      if (cost < best) {
        best = cost;
        s.previous[k] = a;
      }
    }
    s.best[k] = best;
    if (best == kNever) continue;
    // A start that is already dearer than cutting here, even with nothing to pay, never wins again.
    std::erase_if(s.open, [&](std::size_t a) { return s.best[a] + sums.error(starts[a], to).line > best; });
  }
  if (s.best[count] == kNever) return;
  for (std::size_t k = s.previous[count]; k > 0; k = s.previous[k]) cuts.push_back(starts[k]);
  std::reverse(cuts.begin(), cuts.end());
}

}  // namespace trimtab::kernels
