// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "kernels/seasonality.h"

namespace trimtab::kernels {

// Up to two seasons worth trying in a forecast, smallest first, 0 for none, out of the lengths that clocks
// and calendars give (kUsualSeasons) by seasonal_gain() on
// the values minus their centred mean over one season, so that a trend does not hide it. The shortest that
// explains nearly as much as the best is the season; a multiple of it (a week of days, say) joins when it
// holds up on its own. The pool judges members by their errors, so a season too many costs time rather than
// accuracy. Looks at the last kSeasonValuesMax values. Cost: about 10 ns per value and length.
struct LikelySeasonsScratch {
  SeasonScratch season;
  std::vector<double> detrended;
};
std::array<std::size_t, 2> likely_seasons(std::span<const double> values, LikelySeasonsScratch& scratch);

// 4 quarters; 7 days; 12 months; hours of a day and week; half hours; weeks of a year; 60 minutes or seconds;
// 15, 10, 5 and 1 minutes of a day; 12 h and weeks of some of them.
inline constexpr std::array<std::size_t, 15> kUsualSeasons{4,  7,   12,  24,  30,  48,   52,  60,
                                                           96, 144, 168, 288, 336, 1440, 2016};
inline constexpr std::size_t kSeasonValuesMax = 8192;

}  // namespace trimtab::kernels
