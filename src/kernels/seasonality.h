// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace trimtab::kernels {

struct SeasonScratch {
  std::vector<double> values;
  std::vector<double> profile;
};

// The robust profile of one period: profile[phase] = median over the cycles of the cells at that phase and
// its neighbours (as many as give each phase at least kValuesPerPhaseMin values), minus the profile's own
// median. values[i] has phase i % period. Phases without values get 0.
// Requires: profile.size() == period > 1. Cost: about 10 ns per value looked at.
void seasonal_profile(std::span<const double> values, std::size_t period, SeasonScratch& scratch,
                      std::span<double> profile);

// How much better the last third of the series is predicted when the profile of the first two thirds is
// taken off than when it is not: 1 - (sum of |error| with) / (sum of |error| without). Out of sample, so red
// noise (AR(1)), trends and chance give about 0 or less, where an in-sample strength would be fooled.
// Needs at least kCyclesMin cycles, else returns 0.
double seasonal_gain(std::span<const double> values, std::size_t period, SeasonScratch& scratch);

inline constexpr std::size_t kCyclesMin = 3;
inline constexpr std::size_t kValuesPerPhaseMin = 15;

}  // namespace trimtab::kernels
