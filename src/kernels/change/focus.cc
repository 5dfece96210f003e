// SPDX-License-Identifier: Apache-2.0
#include "kernels/change/focus.h"

#include <cmath>

namespace trimtab::kernels {

// side +1: the lower chain (slopes grow); -1: the upper one.
void Focus::push(std::vector<Point>& chain, Point point, double side) {
  while (chain.size() >= 2) {
    const Point& a = chain[chain.size() - 2];
    const Point& b = chain.back();
    const double turn = (b.count - a.count) * (point.sum - a.sum) - (b.sum - a.sum) * (point.count - a.count);
    if (side * turn > 0) break;
    chain.pop_back();
  }
  if (chain.size() == kCornersMax) {
    // Every second corner goes; neighbours stand in for it with almost the same split.
    std::size_t kept = 0;
    for (std::size_t i = 0; i < chain.size(); i += 2) chain[kept++] = chain[i];
    chain.resize(kept);
    ++thinned_;
  }
  chain.push_back(point);
}

void Focus::consider(std::span<const Point> chain, double side, Verdict& best) const {
  const double n = static_cast<double>(count_);
  const double mean = sum_ / n;
  for (const Point& point : chain) {
    if (point.count == 0 || point.count >= n) continue;
    const double below = side * (point.count * mean - point.sum);
    if (below <= 0) continue;
    const double statistic = below * below * n / (point.count * (n - point.count));
    if (statistic > best.statistic) best = {statistic, static_cast<std::uint64_t>(point.count)};
  }
}

Focus::Verdict Focus::add(double value) {
  if (std::isfinite(value)) {
    const Point before{static_cast<double>(count_), sum_};
    push(rises_, before, 1);
    push(falls_, before, -1);
    sum_ += value;
    ++count_;
  }
  Verdict best;
  if (count_ < 2) return best;
  consider(rises_, 1, best);
  consider(falls_, -1, best);
  return best;
}

void Focus::reset() {
  rises_.clear();
  falls_.clear();
  sum_ = 0;
  count_ = 0;
}

}  // namespace trimtab::kernels
