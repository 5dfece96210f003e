// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"

namespace trimtab {

// A known time that is not like others: a sale, a monthly job, a public holiday. Events of one name are
// expected to look alike. Exactly one of once, days, weekly and monthly is meant.
struct CalendarEvent {
  std::string name{};
  std::vector<std::string> entities{};  // patterns ("service/shop*"); empty: all
  TimestampMs from_ms = 0;              // once: [from, to)
  TimestampMs to_ms = 0;
  std::vector<std::int64_t> days{};   // whole local days, counted from 1970-01-01
  std::optional<int> weekday{};       // weekly: 0 = Monday .. 6; with minute_of_day (local) and duration
  std::optional<int> day_of_month{};  // monthly: 1 .. 31, the last day where a month is shorter
  int minute_of_day = 0;
  DurationMs duration_ms = 0;
};

// When an event takes place: [from, to).
struct EventSpan {
  TimestampMs from_ms = 0;
  TimestampMs to_ms = 0;
  std::uint32_t event = 0;  // index into Calendar::events
  friend bool operator==(const EventSpan&, const EventSpan&) = default;
};

struct Calendar {
  int utc_offset_minutes = 0;        // local time less UTC, the same all year
  std::uint8_t weekend = 0b1100000;  // bit 0 Monday .. bit 6 Sunday
  std::vector<CalendarEvent> events;

  // All times of the events that overlap the range, in the order of the events, of each the oldest first; of
  // more than kEventSpansMax the newest of each event's are kept. Cost: the spans given back.
  std::vector<EventSpan> spans(TimeRange range) const;
};

inline constexpr std::size_t kCalendarEventsMax = 400;
inline constexpr std::size_t kEventDaysMax = 400;  // days of one event
inline constexpr std::size_t kEventSpansMax = 4096;

}  // namespace trimtab
