// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cmath>

#include "query/engine/grid.h"
#include "query/engine/instant_functions.h"

namespace trimtab::promql {
namespace {

// Beyond, std::chrono::year (16 bits) can not count: years -32767 to 32767.
constexpr double kSecondsMax = 9.6e11;

}  // namespace

double date_part(FunctionId id, double t) {
  namespace chrono = std::chrono;
  if (!(std::fabs(t) < kSecondsMax)) return kNaN;
  const chrono::sys_seconds time{
      chrono::seconds(static_cast<std::int64_t>(t))};  // fractions are cut, as Go does
  const chrono::sys_days day = chrono::floor<chrono::days>(time);
  const chrono::year_month_day date(day);
  const auto as_double = [](auto v) { return static_cast<double>(v); };
  switch (id) {
    case FunctionId::kMinute: return as_double(chrono::floor<chrono::minutes>(time - day).count() % 60);
    case FunctionId::kHour: return as_double(chrono::floor<chrono::hours>(time - day).count());
    case FunctionId::kDayOfMonth: return as_double(static_cast<unsigned>(date.day()));
    case FunctionId::kDayOfWeek: return as_double(chrono::weekday(day).c_encoding());
    case FunctionId::kDayOfYear:
      return as_double((day - chrono::sys_days(date.year() / chrono::January / 1)).count() + 1);
    case FunctionId::kDaysInMonth:
      return as_double(static_cast<unsigned>(
          chrono::year_month_day_last(date.year() / date.month() / chrono::last).day()));
    case FunctionId::kMonth: return as_double(static_cast<unsigned>(date.month()));
    case FunctionId::kYear: return as_double(static_cast<int>(date.year()));
    default: return kNaN;
  }
}

}  // namespace trimtab::promql
