// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "ledger/records.h"

namespace trimtab {

// What use grows with (users, orders), and what is planned for it.
struct GrowthDriver {
  std::string name{};
  std::string query{};                  // PromQL, one series: how it was
  std::vector<std::string> entities{};  // patterns of those whose limits it drives; empty: all
  std::vector<std::string> metrics{};   // patterns of their metrics; empty: all
  std::vector<std::pair<TimestampMs, double>> planned{};  // rising times; or, when empty,
  double monthly_growth = 0;                              // share: 0.05 for 5 % more each month

  bool drives(const EntityRef& entity, std::string_view metric) const;
  // What is planned at `at` when it stands at `now_value` at `now_ms`: on straight lines from there through
  // the planned values still to come, the last one held; or growing by monthly_growth each 30.44 days,
  // compounded.
  double value_at(TimestampMs at_ms, TimestampMs now_ms, double now_value) const;
};

inline constexpr std::size_t kDriversMax = 50;
inline constexpr std::size_t kPlannedMax = 1000;

}  // namespace trimtab
