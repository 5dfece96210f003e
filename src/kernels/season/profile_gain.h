// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

// What holds one period against a series. Series are in robust standard deviations, without wild values, gaps
// bridged; `present` is 1 where a value was there and 0 in gaps, or empty when there are none.
namespace trimtab::kernels {

struct ProfileScratch {
  std::vector<float> sums, counts, profile, smooth;
};

// out[i] = values[i] minus the mean of the `width` (made odd) values around it; the ends keep the nearest
// full window. prefix[i] is the sum of the first i values. Requires prefix.size() == values.size() + 1.
void take_off_slow(std::span<const float> values, std::span<const double> prefix, std::size_t width,
                   std::vector<float>& out);

// sum of values[i] values[i - lag] over the pairs there are, per pair. Requires lag < values.size().
double lagged_product(std::span<const float> values, std::size_t lag);

// How much of the last third's variance the mean profile of the first two thirds takes away; out of sample,
// so that chance, red noise and trends give about 0 or less. The profile is tried as it is and, where a phase
// has few values, smoothed over its neighbours (as many as give each phase kProfileValues); the better
// counts. Whole cycles, the newest ones; fewer than kCyclesMin of them: 0. About 1 ns a value. With
// `test_cycles` those are unseen instead of a third.
double profile_gain(std::span<const float> values, std::span<const float> present, std::size_t period,
                    ProfileScratch& scratch, std::size_t test_cycles = 0);

// The mean per phase over all cycles, values[i] has phase i % period, less the mean of the profile.
// Requires: profile.size() == period > 1.
void mean_profile(std::span<const float> values, std::span<const float> present, ProfileScratch& scratch,
                  std::span<float> profile);

inline constexpr std::size_t kProfileValues = 15;

}  // namespace trimtab::kernels
