// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "base/result.h"

namespace trimtab {

// Milliseconds since 1970-01-01T00:00:00Z, as in Prometheus. Sample times use nothing else.
using TimestampMs = std::int64_t;
using DurationMs = std::int64_t;

inline constexpr DurationMs kSecondMs = 1000;
inline constexpr DurationMs kMinuteMs = 60 * kSecondMs;
inline constexpr DurationMs kHourMs = 60 * kMinuteMs;
inline constexpr DurationMs kDayMs = 24 * kHourMs;
inline constexpr DurationMs kWeekMs = 7 * kDayMs;
inline constexpr DurationMs kYearMs = 365 * kDayMs;  // Prometheus' "y"

// Sample times outside this range are refused: year 1 to year 9999, so that ISO 8601 always works.
inline constexpr TimestampMs kTimestampMin = -62135596800000;
inline constexpr TimestampMs kTimestampMax = 253402300799999;

// Both ends belong to the range. Empty when from > to.
struct TimeRange {
  TimestampMs from = kTimestampMin;
  TimestampMs to = kTimestampMax;
  bool contains(TimestampMs t) const { return t >= from && t <= to; }
  bool empty() const { return from > to; }
  friend bool operator==(const TimeRange&, const TimeRange&) = default;
};

// "1h30m", "15s", "250ms", "1d", "2w", "1y", "0". Units in falling order, each once, as in Prometheus.
// A bare number is refused except "0". Negative only with allow_negative.
Result<DurationMs> parse_duration(std::string_view text);
// The shortest Prometheus form: 5400000 -> "1h30m"; 0 -> "0s".
std::string format_duration(DurationMs duration);
// For people, two units at most: "3d 4h", "12 min", "45 s", "250 ms".
std::string format_duration_human(DurationMs duration);

// ISO 8601 / RFC 3339 with zone ("2026-11-21T10:00:00Z", "...+02:00", fractions), a date
// ("2026-11-21", midnight UTC), Unix seconds ("1700000000", "1700000000.123").
Result<TimestampMs> parse_timestamp(std::string_view text);
// parse_timestamp plus "now", "now-2h", and "-2h" (relative to now).
Result<TimestampMs> parse_timestamp_relative(std::string_view text, TimestampMs now);
// "2026-11-21T10:00:00Z", with ".123" when there are milliseconds.
std::string format_timestamp(TimestampMs t);

}  // namespace trimtab
