// SPDX-License-Identifier: Apache-2.0
#include "estate/calendar_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "estate/yaml_text.h"

namespace trimtab {
namespace {

constexpr int kOffsetHoursMax = 14;  // Line Islands, the furthest there is
constexpr DurationMs kEventMax = 28 * kDayMs;

// "+05:30" -> 330.
Result<int> read_offset(const Yaml& yaml) {
  const std::string text = TRY(yaml.string_or("+00:00"));
  const auto number = [&](std::size_t at, int& out) {
    const char* const first = text.data() + at;
    const auto [end, problem] = std::from_chars(first, first + 2, out);
    return problem == std::errc() && end == first + 2;
  };
  int hours = 0;
  int minutes = 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':' || !number(1, hours) ||
      !number(4, minutes) || hours < 0 || hours > kOffsetHoursMax || minutes < 0 || minutes > 59) {
    return yaml.error(
        fmt::format("\"{}\" is no offset from UTC; expected +HH:MM or -HH:MM up to {} hours, quoted",
                    text.substr(0, 32), kOffsetHoursMax));
  }
  return (text[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
}

Status read_when(const Yaml& item, CalendarEvent& event) {
  const bool once = item["from"].exists() || item["to"].exists();
  const bool weekly = item["weekly"].exists();
  const bool monthly = item["monthly"].exists();
  const bool days = item["days"].exists();
  if (once + weekly + monthly + days != 1)
    return item.error(
        "expected one of: from and to; days; weekly, at and duration; monthly, at and duration");
  if (!weekly && !monthly && (item["at"].exists() || item["duration"].exists()))
    return item.error("at and duration belong to a weekly or monthly event");
  if (once) {
    event.from_ms = TRY(read_time(item["from"]));
    event.to_ms = TRY(read_time(item["to"]));
    if (event.to_ms <= event.from_ms) return item["to"].error("not after from");
    return ok();
  }
  if (days) {
    for (const Yaml& each : item["days"].list()) {
      const std::string text = TRY(each.string());
      const TimestampMs midnight = TRY(read_time(each));
      if (text.size() != 10 || midnight % kDayMs != 0)
        return each.error(fmt::format("\"{}\" is not a date; expected YYYY-MM-DD", text.substr(0, 32)));
      event.days.push_back(midnight / kDayMs);
    }
    if (event.days.empty() || event.days.size() > kEventDaysMax)
      return item["days"].error(
          fmt::format("{} days; 1 to {} are allowed", event.days.size(), kEventDaysMax));
    std::sort(event.days.begin(), event.days.end());
    event.days.erase(std::unique(event.days.begin(), event.days.end()), event.days.end());
    return ok();
  }
  if (weekly) event.weekday = TRY(read_weekday(item["weekly"]));
  if (monthly) event.day_of_month = static_cast<int>(TRY(item["monthly"].integer(1, 31)));
  event.minute_of_day = TRY(read_minute_of_day(item["at"]));
  event.duration_ms = TRY(item["duration"].duration(kMinuteMs, weekly ? kWeekMs : kEventMax));
  return ok();
}

}  // namespace

Result<Calendar> read_calendar(const Yaml& yaml) {
  Calendar calendar;
  if (!yaml.exists()) return calendar;
  if (!yaml.is_map()) return yaml.error("expected a map with utc_offset, weekend and events");
  TRY(yaml.only_keys({"utc_offset", "weekend", "events"}));
  calendar.utc_offset_minutes = TRY(read_offset(yaml["utc_offset"]));
  if (yaml["weekend"].exists()) {
    calendar.weekend = 0;
    for (const Yaml& day : yaml["weekend"].list()) {
      const int weekday = TRY(read_weekday(day));
      calendar.weekend = static_cast<std::uint8_t>(calendar.weekend | (1 << weekday));
    }
  }
  const auto items = yaml["events"].list();
  if (items.size() > kCalendarEventsMax) {
    return yaml["events"].error(
        fmt::format("{} events; at most {} are allowed", items.size(), kCalendarEventsMax));
  }
  for (const Yaml& item : items) {
    if (!item.is_map()) return item.error("expected an event with name and times");
    TRY(item.only_keys({"name", "entities", "from", "to", "days", "weekly", "monthly", "at", "duration"}));
    CalendarEvent event;
    event.name = TRY(read_text(item["name"], item["name"].string()));
    event.entities = TRY(read_patterns(item["entities"]));
    TRY(read_when(item, event));
    calendar.events.push_back(std::move(event));
  }
  return calendar;
}

}  // namespace trimtab
