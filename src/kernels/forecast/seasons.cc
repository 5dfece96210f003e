// SPDX-License-Identifier: Apache-2.0
#include "kernels/forecast/seasons.h"

#include <algorithm>

#include "kernels/seasonality.h"

namespace trimtab::kernels {

namespace {

bool is_day(std::size_t rows) {
  constexpr std::array<std::size_t, 5> kDays{24, 48, 96, 144, 288};
  return std::find(kDays.begin(), kDays.end(), rows) != kDays.end();
}

}  // namespace

std::size_t week_of(std::size_t day, std::size_t rows) {
  return is_day(day) && rows >= kCyclesMin * 7 * day ? 7 * day : 0;
}

std::array<std::size_t, 2> likely_seasons(std::span<const double> values, SeasonSearch& search) {
  if (values.size() > kSeasonTailMax) values = values.last(kSeasonTailMax);
  const std::vector<Season> seasons = find_seasons(values, search);
  if (seasons.empty()) return {};
  const std::size_t first = seasons[0].period;
  for (const Season& other : seasons) {
    if (other.period != first && other.period % first == 0) return {first, other.period};
    if (other.period != first && first % other.period == 0) return {other.period, first};
  }
  if (first % 7 == 0 && is_day(first / 7)) return {first / 7, first};
  return {first, week_of(first, values.size())};
}

}  // namespace trimtab::kernels
