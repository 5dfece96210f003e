// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "kernels/forecast/members.h"

namespace trimtab::kernels {

void forecast_naive(std::span<const double> values, const Origins& origins, std::span<double> rows) {
  for (std::size_t k = 0; k < origins.cuts.size(); ++k) {
    const auto row = rows.subspan(k * origins.horizon, origins.horizon);
    std::fill(row.begin(), row.end(), values[origins.cuts[k] - 1]);
  }
}

void forecast_drift(std::span<const double> values, const Origins& origins, std::span<double> rows) {
  for (std::size_t k = 0; k < origins.cuts.size(); ++k) {
    const std::size_t cut = origins.cuts[k];
    const double slope = cut > 1 ? (values[cut - 1] - values[0]) / static_cast<double>(cut - 1) : 0;
    for (std::size_t h = 0; h < origins.horizon; ++h)
      rows[k * origins.horizon + h] = values[cut - 1] + slope * static_cast<double>(h + 1);
  }
}

bool forecast_seasonal_naive(std::span<const double> values, const Origins& origins, std::size_t period,
                             std::span<double> rows) {
  if (period < 2 || origins.earliest() < period) return false;
  for (std::size_t k = 0; k < origins.cuts.size(); ++k) {
    for (std::size_t h = 0; h < origins.horizon; ++h)
      rows[k * origins.horizon + h] = values[origins.cuts[k] - period + h % period];
  }
  return true;
}

bool forecast_profile(std::span<const double> values, const Origins& origins, std::size_t period,
                      std::size_t cycles, Shape shape, MemberScratch& scratch, std::span<double> rows) {
  if (period < 2 || origins.earliest() < 2 * period) return false;
  const bool ratio = shape == Shape::kMultiplicative;
  std::vector<double>& profile = scratch.profile;
  for (std::size_t k = 0; k < origins.cuts.size(); ++k) {
    const std::size_t cut = origins.cuts[k];
    const std::size_t used = std::min(cycles, cut / period);
    profile.assign(period, 0);
    double level = 0;  // mean of the newest cycle
    for (std::size_t c = 0; c < used; ++c) {
      const std::size_t begin = cut - (c + 1) * period;
      double mean = 0;
      for (std::size_t i = 0; i < period; ++i) mean += values[begin + i];
      mean /= static_cast<double>(period);
      if (c == 0) level = mean;
      for (std::size_t i = 0; i < period; ++i)
        profile[i] +=
            (ratio ? values[begin + i] / mean : values[begin + i] - mean) / static_cast<double>(used);
    }
    for (std::size_t h = 0; h < origins.horizon; ++h) {
      const double part = profile[h % period];
      rows[k * origins.horizon + h] = ratio ? level * part : level + part;
    }
  }
  return true;
}

}  // namespace trimtab::kernels
