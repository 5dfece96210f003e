// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace trimtab::kernels {

// Where two samples differ most: the two-sample Kolmogorov-Smirnov statistic and the value it is reached at.
struct Separation {
  double statistic = 0;  // max over x of |F_window(x) - F_reference(x)|, in [0, 1]
  double at = 0;         // the x that tells the two apart best
  bool above = true;     // told apart by value > at; else by value >= at
  bool higher = false;   // more of the window than of the reference is up there
  double middle = 0.5;   // the mean of both shares up there
};

// Exact, with ties. The smaller sample must be sorted up and be followed by kSeparationGuard places that may
// be written; the larger needs no order, which is what makes a short window against a long reference cheap: a
// look into a grid per value instead of a sort. `counts`: at least separation_counts(small's count) places.
// No NaN; neither is empty; at most 2^32 - 1 values. Cost: about 4 ns a value, with a smaller sample so
// uneven that the grid does not part it O((n + m) log m). Told as if `small` were the window; see turned()
// for the other way round.
Separation separate(std::span<double> small_and_guard, std::span<const double> large,
                    std::span<std::uint32_t> counts);
inline constexpr std::size_t kSeparationGuard = 8;
std::size_t separation_counts(std::size_t small_count);
// The same with the roles of both samples exchanged.
Separation turned(Separation separation);

// P(Kolmogorov's distribution > lambda) = 2 sum_j (-1)^(j - 1) exp(-2 j^2 lambda^2); for small lambda by its
// theta transform (Marsaglia, Tsang and Wang 2003 give both). Absolute error below 1e-12.
double kolmogorov_tail(double lambda);
// Two-sided probability of a statistic so large when nothing differs, for so many independent values (whole
// or not) on each side: the limit law with Stephens' (1970) correction for small samples. With ties too
// large, never too small, up to the limit law's own error (below .01 from about 4 values a side).
double separation_probability(double statistic, double reference_count, double window_count);

}  // namespace trimtab::kernels
