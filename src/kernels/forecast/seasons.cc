// SPDX-License-Identifier: Apache-2.0
#include "kernels/forecast/seasons.h"

#include <algorithm>
#include <cmath>

namespace trimtab::kernels {
namespace {

// Minus the mean of the `period` cells around each; the ends keep the nearest full mean. Gaps stay gaps.
void detrend(std::span<const double> values, std::size_t period, std::vector<double>& out) {
  out.assign(values.begin(), values.end());
  const std::size_t half = period / 2;
  double sum = 0, count = 0;
  const auto add = [&](double value, double sign) {
    if (!std::isfinite(value)) return;
    sum += sign * value;
    count += sign;
  };
  for (std::size_t i = 0; i < period; ++i) add(values[i], 1);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > half && i - half + period <= values.size()) {
      add(values[i - half - 1], -1);
      add(values[i - half - 1 + period], 1);
    }
    out[i] -= count > 0 ? sum / count : 0;
  }
}

}  // namespace

std::array<std::size_t, 2> likely_seasons(std::span<const double> values, LikelySeasonsScratch& scratch) {
  constexpr double kGainMin = 0.05;    // against no season
  constexpr double kNearlyBest = 0.7;  // share of the best gain
  if (values.size() > kSeasonValuesMax) values = values.last(kSeasonValuesMax);
  std::array<double, kUsualSeasons.size()> gains{};
  double best = 0;
  for (std::size_t i = 0; i < kUsualSeasons.size(); ++i) {
    if (values.size() < kCyclesMin * kUsualSeasons[i]) continue;
    detrend(values, kUsualSeasons[i], scratch.detrended);
    gains[i] = seasonal_gain(scratch.detrended, kUsualSeasons[i], scratch.season);
    best = std::max(best, gains[i]);
  }
  std::array<std::size_t, 2> out{};
  if (best < kGainMin) return out;
  std::size_t first = 0;
  while (gains[first] < kNearlyBest * best || gains[first] < kGainMin) ++first;
  out[0] = kUsualSeasons[first];
  // Seven of the shorter one before any other multiple: the week.
  double second = kGainMin;
  for (std::size_t i = first + 1; i < kUsualSeasons.size(); ++i) {
    if (kUsualSeasons[i] % out[0] != 0) continue;
    const double gain = gains[i] + (kUsualSeasons[i] == 7 * out[0] ? 0.2 : 0);
    if (gains[i] < kGainMin || gain <= second ||
        (kUsualSeasons[i] != 7 * out[0] && gains[i] < gains[first] + 0.02))
      continue;
    second = gain;
    out[1] = kUsualSeasons[i];
  }
  return out;
}

}  // namespace trimtab::kernels
