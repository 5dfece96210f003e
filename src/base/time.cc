// SPDX-License-Identifier: Apache-2.0
#include "base/time.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>

namespace trimtab {
namespace {

struct Unit {
  std::string_view name;
  DurationMs ms;
};
constexpr std::array<Unit, 7> kUnits{{{"y", kYearMs},
                                      {"w", kWeekMs},
                                      {"d", kDayMs},
                                      {"h", kHourMs},
                                      {"m", kMinuteMs},
                                      {"s", kSecondMs},
                                      {"ms", 1}}};

std::unexpected<Error> bad_duration(std::string_view text) {
  return invalid(fmt::format("\"{}\" is not a duration; write for example 30s, 5m, 1h30m or 7d", text));
}

std::unexpected<Error> bad_time(std::string_view text) {
  return invalid(fmt::format(
      "\"{}\" is not a time; write for example 2026-11-21T10:00:00Z, 2026-11-21, 1700000000 or now-2h",
      text));
}

bool digits(std::string_view text, std::size_t at, std::size_t count, int& out) {
  if (at + count > text.size()) return false;
  out = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    out = out * 10 + (text[i] - '0');
  }
  return true;
}

bool at_char(std::string_view text, std::size_t at, std::string_view any) {
  return at < text.size() && any.find(text[at]) != std::string_view::npos;
}

}  // namespace

Result<DurationMs> parse_duration(std::string_view text) {
  if (text == "0") return 0;
  std::size_t at = 0;
  std::size_t next_unit = 0;
  DurationMs total = 0;
  if (text.empty()) return bad_duration(text);
  while (at < text.size()) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), number);
    if (error != std::errc() || number < 0) return bad_duration(text);
    at = static_cast<std::size_t>(end - text.data());
    std::size_t letters = 0;
    while (at + letters < text.size() && text[at + letters] >= 'a' && text[at + letters] <= 'z') ++letters;
    const std::string_view name = text.substr(at, letters);
    at += letters;
    std::size_t unit = next_unit;
    while (unit < kUnits.size() && kUnits[unit].name != name) ++unit;
    if (unit == kUnits.size()) return bad_duration(text);
    next_unit = unit + 1;
    std::int64_t part = 0;
    if (__builtin_mul_overflow(number, kUnits[unit].ms, &part) || __builtin_add_overflow(total, part, &total)) {
      return invalid(fmt::format("duration \"{}\" is too long; the limit is about 292 million years", text));
    }
  }
  return total;
}

std::string format_duration(DurationMs duration) {
  if (duration == 0) return "0s";
  std::string out;
  std::uint64_t rest = duration < 0 ? 0 - static_cast<std::uint64_t>(duration) : static_cast<std::uint64_t>(duration);
  if (duration < 0) out += '-';
  for (const Unit& unit : kUnits) {
    const auto size = static_cast<std::uint64_t>(unit.ms);
    // Weeks and years only when they say it whole, as Prometheus prints them.
    if ((unit.name == "y" || unit.name == "w") && rest % size != 0) continue;
    if (const std::uint64_t n = rest / size; n > 0) {
      out += fmt::format("{}{}", n, unit.name);
      rest %= size;
    }
  }
  return out;
}

std::string format_duration_human(DurationMs duration) {
  if (duration < 0) return "-" + format_duration_human(-duration);
  if (duration < kSecondMs) return fmt::format("{} ms", duration);
  if (duration < kMinuteMs) return fmt::format("{} s", duration / kSecondMs);
  if (duration < kHourMs) return fmt::format("{} min", duration / kMinuteMs);
  if (duration < kDayMs) {
    const auto minutes = duration % kHourMs / kMinuteMs;
    return minutes == 0 ? fmt::format("{} h", duration / kHourMs)
                        : fmt::format("{} h {} min", duration / kHourMs, minutes);
  }
  const auto days = duration / kDayMs;
  const auto hours = duration % kDayMs / kHourMs;
  if (days >= 14 || hours == 0) return days == 1 ? "1 day" : fmt::format("{} days", days);
  return fmt::format("{} d {} h", days, hours);
}

Result<TimestampMs> parse_timestamp(std::string_view text) {
  int year = 0, month = 0, day = 0;
  const bool date = digits(text, 0, 4, year) && at_char(text, 4, "-") && digits(text, 5, 2, month) &&
                    at_char(text, 7, "-") && digits(text, 8, 2, day);
  if (!date) {
    double seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(seconds)) return bad_time(text);
    const double ms = std::round(seconds * 1000.0);
    if (ms < static_cast<double>(kTimestampMin) || ms > static_cast<double>(kTimestampMax)) return bad_time(text);
    return static_cast<TimestampMs>(ms);
  }
  const std::chrono::year_month_day ymd{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                        std::chrono::day{static_cast<unsigned>(day)}};
  if (!ymd.ok()) return bad_time(text);
  TimestampMs t = std::chrono::sys_days{ymd}.time_since_epoch().count() * kDayMs;
  if (text.size() == 10) return t;
  int hour = 0, minute = 0, second = 0;
  if (!at_char(text, 10, "Tt ") || !digits(text, 11, 2, hour) || !at_char(text, 13, ":") ||
      !digits(text, 14, 2, minute) || hour > 23 || minute > 59) {
    return bad_time(text);
  }
  std::size_t at = 16;
  if (at_char(text, at, ":")) {
    if (!digits(text, at + 1, 2, second) || second > 60) return bad_time(text);
    at += 3;
  }
  t += hour * kHourMs + minute * kMinuteMs + second * kSecondMs;
  if (at_char(text, at, ".")) {
    DurationMs scale = 100;
    std::size_t fraction_digits = 0;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, ++fraction_digits) {
      t += (text[at] - '0') * scale;
      scale /= 10;
    }
    if (fraction_digits == 0) return bad_time(text);
  }
  if (at_char(text, at, "Zz")) {
    ++at;
  } else if (at_char(text, at, "+-")) {
    const int sign = text[at] == '-' ? -1 : 1;
    int zone_hour = 0, zone_minute = 0;
    if (!digits(text, at + 1, 2, zone_hour)) return bad_time(text);
    at += 3;
    if (at_char(text, at, ":")) ++at;
    if (!digits(text, at, 2, zone_minute) || zone_hour > 23 || zone_minute > 59) return bad_time(text);
    at += 2;
    t -= sign * (zone_hour * kHourMs + zone_minute * kMinuteMs);
  } else {
    return invalid(fmt::format("time \"{}\" has no zone; add Z for UTC or an offset such as +02:00", text));
  }
  if (at != text.size()) return bad_time(text);
  return t;
}

Result<TimestampMs> parse_timestamp_relative(std::string_view text, TimestampMs now) {
  if (text == "now") return now;
  std::string_view rest = text;
  if (rest.starts_with("now")) rest.remove_prefix(3);
  const bool relative = rest.size() != text.size() ||
                        (rest.starts_with("-") && rest.size() > 1 && rest.back() >= 'a' && rest.back() <= 'z');
  if (!relative) return parse_timestamp(text);
  if (rest.size() < 2 || (rest[0] != '-' && rest[0] != '+')) return bad_time(text);
  const DurationMs offset = TRY(parse_duration(rest.substr(1)));
  return rest[0] == '-' ? now - offset : now + offset;
}

std::string format_timestamp(TimestampMs t) {
  if (t < kTimestampMin || t > kTimestampMax) return fmt::format("{}ms", t);
  const auto days = t >= 0 ? t / kDayMs : (t - kDayMs + 1) / kDayMs;
  const std::chrono::year_month_day ymd{std::chrono::sys_days{std::chrono::days{days}}};
  const DurationMs in_day = t - days * kDayMs;
  std::string out = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(ymd.year()),
                                static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day()),
                                in_day / kHourMs, in_day % kHourMs / kMinuteMs, in_day % kMinuteMs / kSecondMs);
  if (const auto ms = in_day % kSecondMs; ms != 0) out += fmt::format(".{:03}", ms);
  return out + "Z";
}

}  // namespace trimtab
