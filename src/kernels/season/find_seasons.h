// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <complex>
#include <cstddef>
#include <span>
#include <vector>

#include "kernels/seasonality.h"

namespace trimtab::kernels {

struct Season {
  std::size_t period = 0;  // values
  double strength = 0;  // in (0, 1]: share of the absolute error at unseen values that the season takes away
};

struct SeasonSearch {
  std::vector<double> filled;
  std::vector<double> white;
  std::vector<double> power;
  std::vector<double> band;
  std::vector<double> background;
  std::vector<double> profile;
  std::vector<double> rest;
  std::vector<std::complex<double>> spectrum;
  std::vector<std::complex<double>> twiddles;
  SeasonScratch scratch;
};

// The repeating patterns of an evenly spaced series, the strongest first, at most kSeasonsMax, none a
// multiple of one before it by chance:
//   1. gaps (NaN) are bridged by lines, wild values clipped, AR(1) filtered out;
//   2. peaks of the Hann periodogram that stand out of their own neighbourhood (a running median: red noise
//   and
//      trends raise the neighbours as well), at odds of kFalsePeaks in the whole spectrum, in at least
//      kCyclesMin cycles;
//   3. the autocorrelation must have a hill there and a valley at half the period (Vlachos et al. 2005);
//   4. the profile of the first two thirds must predict the last third better than no profile by at least
//      kStrengthMin (seasonal_gain): out of sample, so that chance gains nothing;
//   5. multiples of the period that predict clearly better take its place (a harmonic was seen first);
//   6. its profile is taken off and the search goes on.
// Fewer than kSeasonValuesMin present values, or more than half gaps: none. About 0.1 microseconds a value
// while nothing is found. Pure.
std::vector<Season> find_seasons(std::span<const double> values, SeasonSearch& search);

inline constexpr std::size_t kSeasonsMax = 3;
inline constexpr std::size_t kSeasonValuesMin = 24;
inline constexpr double kFalsePeaks = 0.2;
inline constexpr double kStrengthMin = 0.06;
inline constexpr std::size_t kPeaksTried = 6;

}  // namespace trimtab::kernels
