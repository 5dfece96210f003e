// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace trimtab::kernels {

// Streaming detection of one change of the mean, over all window lengths and sizes of change at once: FOCuS
// (Romano, Eckley, Fearnhead and Rigaill, JMLR 2023) for an unknown mean before the change. After n values
// the statistic is the largest gain in squared error of any split,
//   max over t of (S_n - S_t)^2 / (n - t) + S_t^2 / t - S_n^2 / n,
// with S the running sums. For given means the gain is linear in (t, S_t), so only corners of the convex hull
// of these points can win: the lower chain for rises, the upper one for falls. Noise keeps about log(n)
// corners.
//
// Feed values of unit noise variance ((x - centre) / scale); under independent normal noise the chance that
// the statistic ever passes `threshold` within n values is about n^2 exp(-threshold / 2) at most. One value
// takes about 0.1 us. Not thread-safe. Copyable: a copy is a saved state.
class Focus {
 public:
  struct Verdict {
    double statistic = 0;
    std::uint64_t split = 0;  // values before the change, counted since the last reset; 0: none
  };

  // NaN is passed over. Returns the verdict after this value.
  Verdict add(double value);
  // Starts anew, as after a change that was told.
  void reset();

  std::uint64_t count() const { return count_; }
  std::size_t corners() const { return rises_.size() + falls_.size(); }
  // Times that a chain was thinned because it held kCornersMax corners (a long steady ramp does that).
  std::uint64_t thinned() const { return thinned_; }

  static constexpr std::size_t kCornersMax = 128;

 private:
  struct Point {
    double count = 0, sum = 0;
  };
  void push(std::vector<Point>& chain, Point point, double side);
  void consider(std::span<const Point> chain, double side, Verdict& best) const;

  std::vector<Point> rises_, falls_;
  double sum_ = 0;
  std::uint64_t count_ = 0;
  std::uint64_t thinned_ = 0;
};

}  // namespace trimtab::kernels
