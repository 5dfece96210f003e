// SPDX-License-Identifier: Apache-2.0
#include "kernels/forecast/exhaustion.h"

#include <algorithm>
#include <cmath>

namespace trimtab::kernels {

Exhaustion exhaustion_of(const Forecast& forecast, double limit, LimitSide side) {
  Exhaustion out;
  const double sign = side == LimitSide::kUpper ? 1 : -1;
  const double count = static_cast<double>(forecast.misses.size());
  double reached = 0;
  for (std::size_t h = 0; h < forecast.mean.size(); ++h) {
    const double away = sign * (limit - forecast.mean[h]);
    double chance = away <= 0 ? 1 : 0;
    if (forecast.spread[h] > 0 && count > 0) {
      // Half of the misses of at least this size go the wrong way.
      const double size = std::abs(away) / forecast.spread[h];
      const auto beyond =
          forecast.misses.end() - std::lower_bound(forecast.misses.begin(), forecast.misses.end(), size);
      const double tail = 0.5 * static_cast<double>(beyond) / count;
      chance = away > 0 ? tail : 1 - tail;
    }
    reached = std::max(reached, chance);
    out.reached_by.push_back(reached);
    if (!out.earliest && reached >= 0.05) out.earliest = h + 1;
    if (!out.expected && reached >= 0.5) out.expected = h + 1;
    if (!out.latest && reached >= 0.95) out.latest = h + 1;
  }
  return out;
}

}  // namespace trimtab::kernels
