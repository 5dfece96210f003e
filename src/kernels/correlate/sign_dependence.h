// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace trimtab::kernels {

// A series as one bit a column: there is a value, and it is up.
struct SignBits {
  std::vector<std::uint64_t> present, up;  // and a word of zeros
  std::vector<std::uint8_t> bytes;         // on the way to bits
  std::size_t columns = 0;

  // present where finite, up where above `centre`. If that leaves the halves less equal: at or above it.
  void assign(std::span<const double> values, double centre);
};

// How many independent values carry as much as `count` neighbouring ones (Bayley and Hammersley 1946):
// count / (1 + 2 sum_k (1 - k / count) rho_k).
struct EffectiveCounts {
  double reference = 0, window = 0;
};

// The correlations rho_k are those of the signs, turned into a normal process' own by sin(pi / 2 r) (the
// arcsine law), summed over pairs of lags while those are positive (Geyer 1992), as autocorrelation_time of
// compare/dependence.h does on values. On bits a lag costs nanoseconds, no outlier and no gap spoils it. The
// small-sample bias (mean taken from the same values) is added back. Never above the counts, at least 1.
// Cost: O(columns / 64) a lag, lags up to a third of the columns.
EffectiveCounts effective_counts(const SignBits& signs, std::size_t reference_count,
                                 std::size_t window_count);

}  // namespace trimtab::kernels
