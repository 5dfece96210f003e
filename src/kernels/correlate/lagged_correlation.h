// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

// Which candidate moves with the target, and how many columns before or after it?
namespace trimtab::kernels {

struct LaggedCorrelation {
  // Columns by which the candidate goes before the target (it may be a cause); below 0: comes after it.
  std::ptrdiff_t lag = 0;
  double correlation = 0;      // of the whitened series at that lag, in [-1, 1]
  double probability = 1;      // two-sided, times the lags tried, at most 1
  double effective_count = 0;  // independent pairs at that lag
};

struct LaggedCorrelationWorkspace {
  std::vector<double> target, candidate;              // whitened, 0 where there is no value
  std::vector<double> target_there, candidate_there;  // 1 and 0
  std::vector<double> target_correlations;            // at lags 0, 1, ...
  double coefficient = 0;                             // of the target's AR(1)
};

// Two red series correlate by chance, at some lag nearly surely. So both are filtered by what makes the
// target nearly white, its AR(1) fit (Box and Jenkins, "Time Series Analysis": prewhitening); once per
// target. The fit is the correlation of neighbouring values, taken into [-kCoefficientMax, kCoefficientMax].
void whiten_target(std::span<const double> target, LaggedCorrelationWorkspace& workspace);

// The lag in [-lag_max, lag_max] with the largest |correlation| over the pairs there are (the smallest |lag|,
// then the positive one, on a tie) against the target whitened last. Its probability is that of Student's t
// for effective_count = pairs / (1 + 2 sum_k (1 - k / pairs) rho_target(k) rho_candidate(k)) independent
// pairs (Bayley and Hammersley 1946; lags up to kDependenceLags), times the lags tried (Bonferroni). NaN and
// infinities are no value. Lags with fewer than kPairsMin pairs, or where a side is constant, are left out;
// none left: lag 0, correlation 0, probability 1. Invariant to shift and positive scale up to rounding.
// Requires: as many columns as the target. Allocates only while the workspace grows. Not robust: one wild
// value on both sides in the same column correlates. Cost: about 1 ns * columns * (2 * lag_max + 1).
LaggedCorrelation correlate_with_target(std::span<const double> candidate, std::size_t lag_max,
                                        LaggedCorrelationWorkspace& workspace);

inline constexpr double kCoefficientMax = 0.99;
inline constexpr std::size_t kDependenceLags = 20;
inline constexpr std::size_t kPairsMin = 10;

}  // namespace trimtab::kernels
