// SPDX-License-Identifier: Apache-2.0
#include "estate/calendar.h"

#include <algorithm>
#include <chrono>

namespace trimtab {
namespace {

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

std::int64_t day_number(std::chrono::year_month month, int day) {
  const auto last = static_cast<unsigned>(
      std::chrono::year_month_day_last{month.year(), std::chrono::month_day_last{month.month()}}.day());
  const std::chrono::year_month_day date{month.year(), month.month(),
                                         std::chrono::day{std::min(static_cast<unsigned>(day), last)}};
  return std::chrono::sys_days{date}.time_since_epoch().count();
}

}  // namespace

std::vector<EventSpan> Calendar::spans(TimeRange range) const {
  std::vector<EventSpan> out;
  if (events.empty() || range.empty()) return out;
  const DurationMs offset_ms = utc_offset_minutes * kMinuteMs;
  const std::size_t each_max = std::max<std::size_t>(1, kEventSpansMax / events.size());
  for (std::size_t at = 0; at < events.size(); ++at) {
    const CalendarEvent& event = events[at];
    std::vector<EventSpan> found;  // newest first
    const auto add = [&](TimestampMs from_ms, TimestampMs to_ms) {
      if (from_ms <= range.to && to_ms > range.from && found.size() < each_max)
        found.push_back({from_ms, to_ms, static_cast<std::uint32_t>(at)});
    };
    const auto local = [&](std::int64_t day) { return day * kDayMs - offset_ms; };
    const std::int64_t last_day = floor_div(range.to + offset_ms, kDayMs);
    if (event.weekday) {
      // 1970-01-01 was a Thursday.
      const std::int64_t over = ((last_day + 3 - *event.weekday) % 7 + 7) % 7;
      for (std::int64_t day = last_day - over; found.size() < each_max; day -= 7) {
        const TimestampMs from_ms = local(day) + event.minute_of_day * kMinuteMs;
        if (from_ms + event.duration_ms <= range.from) break;
        add(from_ms, from_ms + event.duration_ms);
      }
    } else if (event.day_of_month) {
      const std::chrono::year_month_day today{std::chrono::sys_days{std::chrono::days{last_day}}};
      for (std::chrono::year_month month{today.year(), today.month()}; found.size() < each_max;
           month -= std::chrono::months{1}) {
        const TimestampMs from_ms =
            local(day_number(month, *event.day_of_month)) + event.minute_of_day * kMinuteMs;
        if (from_ms + event.duration_ms <= range.from) break;
        add(from_ms, from_ms + event.duration_ms);
      }
    } else if (!event.days.empty()) {
      for (auto day = event.days.rbegin(); day != event.days.rend(); ++day) add(local(*day), local(*day + 1));
    } else {
      add(event.from_ms, event.to_ms);
    }
    out.insert(out.end(), found.rbegin(), found.rend());
  }
  return out;
}

}  // namespace trimtab
