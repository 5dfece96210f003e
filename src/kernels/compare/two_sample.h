// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

// Is "after" different from "before", by how much, and what could have been seen at all? For one look at the
// end; for looking again and again see sequential.h.
namespace trimtab::kernels {

enum class Difference { kNone, kHigher, kLower, kUnknown };  // kUnknown: too few values to tell
std::string_view to_string(
    Difference difference);  // "no difference shown", "higher", "lower", "too few values"

struct CompareOptions {
  double alpha = 0.05;  // two-sided
  double power = 0.8;   // of the minimum detectable shift
  // Shifts smaller than this do not matter: then "higher" and "lower" need the whole interval beyond it.
  double margin = 0;
};

struct Comparison {
  Difference difference = Difference::kUnknown;
  std::size_t before_count = 0, after_count = 0;  // finite values
  double before_median = 0, after_median = 0;
  double shift = 0;      // Hodges-Lehmann: the median of all after - before
  double shift_low = 0;  // interval of 1 - alpha
  double shift_high = 0;
  double probability = 1;    // two-sided Mann-Whitney of no difference
  double superiority = 0.5;  // P(after > before) + half of P(equal)
  double detectable = 0;     // the smallest shift found with `power`, for noise as seen
  double time_before = 1,
         time_after = 1;  // autocorrelation times of the ranks; what they shrink the counts by
};

struct CompareScratch {
  std::vector<double> before, after, before_ranks, after_ranks, deviations;
  std::vector<std::pair<double, std::size_t>> pooled;
};

// Mann-Whitney test with normal approximation, ties and continuity, its variance inflated by the
// autocorrelation time of the ranks on each side; the interval comes from the same statistic (Hodges and
// Lehmann 1963; Moses). Distribution-free for independent values; for time series as good as the
// autocorrelation time is known, so not for fewer than some 20 of these times a side. NaN is left out. Fewer
// than kCompareMin values on a side, counted as independent ones: kUnknown. Cost: O((n + m) log(n + m)).
Comparison compare_samples(std::span<const double> before, std::span<const double> after,
                           const CompareOptions& options, CompareScratch& scratch);

// The shift that a two-sided test finds with the given power when both sides have standard deviation `spread`
// and these numbers of independent values; Mann-Whitney's efficiency on normal values (3 / pi) included.
double minimum_detectable_shift(double before_count, double after_count, double spread, double alpha,
                                double power);
// How many independent values on each side find `shift`; at least 2. Requires shift > 0.
double count_to_detect(double shift, double spread, double alpha, double power);

inline constexpr double kCompareMin = 5;

struct Interval {
  double estimate = 0, low = 0, high = 0;
};

// after's q-quantile minus before's, with an interval of 1 - alpha: order statistics on each side (Woodruff
// 1952), joined by MOVER (Newcombe 1998). `before` and `after` are sorted up. `times` >= 1 divide the
// counts. Where the sample does not reach far enough into the tail the interval is infinite on that side.
Interval quantile_shift(std::span<const double> before, std::span<const double> after, double q, double alpha,
                        double time_before, double time_after);

// (after - before) of the treated minus (after - before) of the untouched, with a t-interval over block
// means. Takes what changed for both out of the effect; assumes that both would have moved alike. Each span
// in order of time. Estimate NaN when a span has fewer than 2 blocks.
Interval difference_in_differences(std::span<const double> treated_before,
                                   std::span<const double> treated_after,
                                   std::span<const double> control_before,
                                   std::span<const double> control_after, double alpha);

}  // namespace trimtab::kernels
