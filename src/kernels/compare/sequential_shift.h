// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

namespace trimtab::kernels {

// How far the mean of `after` lies above that of `before`, with an interval that holds at every look at once.
struct SequentialShift {
  double shift = 0;
  double low = 0;  // -infinity and infinity while there is too little to say
  double high = 0;
  double time = 1;          // autocorrelation time of the values before, as used
  double before_count = 0;  // independent values' worth
  double after_count = 0;
  bool known() const { return high < 1e300 && low > -1e300; }
};

// A confidence sequence: the chance that the true shift EVER lies outside of it, however often `after` is
// looked at as it grows, is at most `alpha`; `before` stays as it is. It holds all shifts whose e-value is
// below 1 / alpha (Ville's inequality). The e-value is the two-sample t-test's Bayes factor with normal
// effects of variance g (Gonen, Johnson, Lu, Westfall, The American Statistician 59, 2005), averaged over
// kMixing; with the right Haar prior on mean and variance it is the likelihood ratio of the maximal
// invariant, so it is an e-process without the variance being known (Perez-Ortiz, Lardy, de Heide, Grunwald,
// "E-statistics, group invariance and anytime-valid testing", Annals of Statistics 52, 2024).
//
// Autocorrelated values count as fewer: by kTimeSafety times their autocorrelation time, measured before
// the change and once enough of them have come also after it. Values must be finite, in order of time.
SequentialShift sequential_shift(std::span<const double> before, std::span<const double> after, double alpha);

// How many values after must come until the whole interval lies within `reach` of the true shift, in 19 of 20
// trials, if they vary as the values before do: a power estimate. (In fewer when values after look
// autocorrelated by chance, as a fifth of short noise does.) kNeverEnough: values before are too few or
// too wild for any number of values after. `reach` > 0.
std::size_t values_until(std::span<const double> before, double alpha, double reach);
inline constexpr std::size_t kNeverEnough = 0;
inline constexpr std::size_t kValuesUntilMax = 1 << 20;

}  // namespace trimtab::kernels
