// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "kernels/season/profile_gain.h"
#include "kernels/season/spectrum.h"

namespace trimtab::kernels {

struct Season {
  std::size_t period = 0;  // values
  double strength = 0;     // in (0, 1]: share of the variance at unseen values that the season takes away
};

struct SeasonSearch {
  std::vector<float> filled, present, rest, white, power, profile;
  std::vector<double> prefix, sample;
  double unit = 1;  // of what is filled
  SpectrumScratch spectrum;
  ProfileScratch gain;
};

// The repeating patterns of an evenly spaced series, the strongest evidence first, at most kSeasonsMax:
//   1. gaps (NaN) are bridged by lines, wild values clipped, AR(1) filtered out;
//   2. the Hann periodogram over the running median of its neighbourhood (red noise and trends raise the
//      neighbours as well). For every period of at least kCyclesMin cycles the powers at its first 1, 2, 4,
//      ... kHarmonicsMax harmonics are added, so that a pattern whose energy is spread over many of them
//      (spikes, squares) is seen as well as a sine, and seen at its own period. In noise such a sum is gamma
//      distributed; periods are tried from the least likely on, at odds of kFalsePeaks in the whole
//      spectrum. The lengths that clocks and calendars give (kUsualSeasons) share odds among themselves;
//   3. the autocorrelation must have a hill there and a valley at half the period (Vlachos et al. 2005);
//   4. the profile of the first two thirds must take at least kStrengthMin of the variance of the last third:
//      out of sample, so that chance gains nothing (profile_gain);
//   5. its profile is taken off and the search goes on.
// Fewer than kSeasonValuesMin present values, or more than half gaps: none. 10,000 values: below 1 ms. Pure.
std::vector<Season> find_seasons(std::span<const double> values, SeasonSearch& search);

// The mean of each phase over all cycles, in units of the values, after movement slower than a period is taken off and
// wild values are clipped; values[i] has phase i % period; its own mean is 0. All 0 where find_seasons has too
// little. Requires: profile.size() > 1 and <= values.size().
void profile_of(std::span<const double> values, SeasonSearch& search, std::span<double> profile);

inline constexpr std::size_t kSeasonsMax = 3;
inline constexpr std::size_t kSeasonValuesMin = 24;
inline constexpr std::size_t kHarmonicsMax = 32;
inline constexpr double kFalsePeaks = 0.2;
inline constexpr double kStrengthMin = 0.06;
inline constexpr std::size_t kPeaksTried = 6;

// 4 quarters; 7 days; 12 months; hours of a day and week; half hours; weeks of a year; 60 minutes or seconds;
// 15, 10, 5 and 1 minutes of a day; 12 h and weeks of some of them.
inline constexpr std::array<std::size_t, 15> kUsualSeasons{4,  7,   12,  24,  30,  48,   52,  60,
                                                           96, 144, 168, 288, 336, 1440, 2016};

}  // namespace trimtab::kernels
