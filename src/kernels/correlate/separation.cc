// SPDX-License-Identifier: Apache-2.0
#include "kernels/correlate/separation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "base/check.h"

namespace trimtab::kernels {

namespace {

constexpr std::size_t kCellsPerValue = 8;

// Cells of equal width over the middle of the smaller sample. Rounding does no harm: the cell of a value
// never falls when the value grows, and that is all that is used.
struct Grid {
  double low = 0, per_width = 0, last = 0;
  std::size_t cell_of(double value) const {
    double at = (value - low) * per_width;
    at = at > 0 ? at : 0;  // not std::clamp: its references become branches
    at = at < last ? at : last;
    return static_cast<std::size_t>(static_cast<std::int64_t>(at));  // signed: one instruction
  }
};

// counts[2 j]: values of `large` between small[j - 1] and small[j]; counts[2 j + 1]: equal to small[j]. The
// first of equal values of `small` stands for all. small[m ...] is NaN, so not below and not equal to
// anything.
void count_by_bisection(const double* small, std::size_t m, std::span<const double> large,
                        std::uint32_t* counts) {
  for (const double value : large) {
    const double* base = small;
    for (std::size_t length = m; length > 1;) {
      const std::size_t half = length / 2;
      base += half & -static_cast<std::size_t>(base[half - 1] < value);
      length -= half;
    }
    base += static_cast<std::size_t>(*base < value);
    ++counts[2 * static_cast<std::size_t>(base - small) + static_cast<std::size_t>(*base <= value)];
  }
}

std::size_t four_below(const double* small, double value) {
  return static_cast<std::size_t>(small[0] < value) + static_cast<std::size_t>(small[1] < value) +
         static_cast<std::size_t>(small[2] < value) + static_cast<std::size_t>(small[3] < value);
}

// The same where at most four (or with kTwice eight) of `small` share a cell: all of them are looked at,
// without a branch.
template <bool kTwice>
void count_by_grid(const double* small, const Grid& grid, const std::uint32_t* starts,
                   std::span<const double> large, std::uint32_t* counts) {
  for (const double value : large) {
    const std::size_t start = starts[grid.cell_of(value)];
    std::size_t at = start + four_below(small + start, value);
    if constexpr (kTwice) at += four_below(small + start + 4, value);
    ++counts[2 * at + static_cast<std::size_t>(small[at] <= value)];  // not below, so equal
  }
}

void count_between(const double* small, std::size_t m, std::span<const double> large,
                   std::span<std::uint32_t> counts) {
  std::fill_n(counts.begin(), 2 * m + 2, 0u);
  const std::size_t cells = kCellsPerValue * m;
  const std::size_t edge = std::min<std::size_t>(m / 8, 2);  // a few wild values share the outer cells
  Grid grid{.low = small[edge], .per_width = 0, .last = static_cast<double>(cells - 1)};
  grid.per_width = static_cast<double>(cells) / (small[m - 1 - edge] - grid.low);
  if (!std::isfinite(grid.per_width)) return count_by_bisection(small, m, large, counts.data());
  std::uint32_t* const starts = counts.data() + 2 * m + 2;  // values of `small` in cells before this
  std::size_t depth = 0, filled = 0;
  for (std::size_t i = 0; i < m;) {
    const std::size_t cell = grid.cell_of(small[i]);
    const std::size_t first = i;
    for (; filled <= cell; ++filled) starts[filled] = static_cast<std::uint32_t>(first);
    while (i < m && grid.cell_of(small[i]) == cell) ++i;
    depth = std::max(depth, i - first);
  }
  for (; filled < cells; ++filled) starts[filled] = static_cast<std::uint32_t>(m);
  if (depth <= 4) return count_by_grid<false>(small, grid, starts, large, counts.data());
  if (depth <= kSeparationGuard) return count_by_grid<true>(small, grid, starts, large, counts.data());
  count_by_bisection(small, m, large, counts.data());
}

}  // namespace

std::size_t separation_counts(std::size_t small_count) { return (2 + kCellsPerValue) * small_count + 2; }

Separation separate(std::span<double> small_and_guard, std::span<const double> large,
                    std::span<std::uint32_t> counts) {
  CHECK(small_and_guard.size() > kSeparationGuard && !large.empty());
  const std::size_t m = small_and_guard.size() - kSeparationGuard;
  CHECK(counts.size() >= separation_counts(m), "{} places for {} values", counts.size(), m);
  std::fill_n(small_and_guard.begin() + static_cast<std::ptrdiff_t>(m), kSeparationGuard,
              std::numeric_limits<double>::quiet_NaN());
  const double* const small = small_and_guard.data();
  count_between(small, m, large, counts);
  // Between two values of `small` its distribution stands still and the other only grows, so the largest
  // difference is at one of them or just below. Differences are whole numbers over m * n: no rounding.
  const auto n = static_cast<std::int64_t>(large.size());
  std::int64_t best = 0;
  std::int64_t large_below = 0;
  std::int64_t share_sum = 0;  // of values up there, over m * n, both samples added
  Separation out;
  out.at = small[0];
  const auto look = [&](std::size_t small_passed, std::int64_t large_passed, double at, bool above) {
    const std::int64_t a = static_cast<std::int64_t>(small_passed) * n;
    const std::int64_t b = large_passed * static_cast<std::int64_t>(m);
    if (std::abs(a - b) <= std::abs(best)) return;
    best = a - b;
    share_sum = 2 * static_cast<std::int64_t>(m) * n - a - b;
    out.at = at;
    out.above = above;
  };
  for (std::size_t i = 0; i < m;) {
    std::size_t next = i + 1;
    while (next < m && small[next] == small[i]) ++next;
    large_below += counts[2 * i];
    look(i, large_below, small[i], false);
    large_below += counts[2 * i + 1];
    look(next, large_below, small[i], true);
    i = next;
  }
  const double whole = static_cast<double>(m) * static_cast<double>(n);
  out.statistic = static_cast<double>(std::abs(best)) / whole;
  out.higher = best < 0;
  if (best != 0) out.middle = static_cast<double>(share_sum) / (2 * whole);
  return out;
}

Separation turned(Separation separation) {
  separation.higher = separation.statistic > 0 && !separation.higher;
  return separation;
}

double kolmogorov_tail(double lambda) {
  constexpr double kThetaBelow = 1;  // both series need four terms there
  if (!(lambda > 0.1)) return 1;
  double sum = 0;
  if (lambda < kThetaBelow) {
    const double step = std::numbers::pi * std::numbers::pi / (8 * lambda * lambda);
    for (int j = 1; j <= 9; j += 2) sum += std::exp(-step * j * j);
    return std::clamp(1 - std::sqrt(2 * std::numbers::pi) / lambda * sum, 0.0, 1.0);
  }
  for (int j = 1; j <= 5; ++j) sum += (j % 2 == 1 ? 1 : -1) * std::exp(-2.0 * j * j * lambda * lambda);
  return std::clamp(2 * sum, 0.0, 1.0);
}

double separation_probability(double statistic, double reference_count, double window_count) {
  const double root = std::sqrt(reference_count * window_count / (reference_count + window_count));
  return kolmogorov_tail((root + 0.12 + 0.11 / root) * statistic);
}

}  // namespace trimtab::kernels
