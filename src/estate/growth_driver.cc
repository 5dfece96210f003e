// SPDX-License-Identifier: Apache-2.0
#include "estate/growth_driver.h"

#include <cmath>

#include "estate/glob.h"

namespace trimtab {

bool GrowthDriver::drives(const EntityRef& entity, std::string_view metric) const {
  return glob_match_any(entities, entity.to_string()) && glob_match_any(metrics, metric);
}

double GrowthDriver::value_at(TimestampMs at_ms, TimestampMs now_ms, double now_value) const {
  if (planned.empty()) {
    const double months = static_cast<double>(at_ms - now_ms) / (static_cast<double>(kDayMs) * 365.25 / 12);
    return now_value * std::pow(1 + monthly_growth, months);
  }
  std::pair<TimestampMs, double> before{now_ms, now_value};
  for (const auto& point : planned) {
    if (point.first <= now_ms) continue;
    if (point.first >= at_ms) {
      const double way =
          static_cast<double>(at_ms - before.first) / static_cast<double>(point.first - before.first);
      return before.second + way * (point.second - before.second);
    }
    before = point;
  }
  return before.second;
}

}  // namespace trimtab
