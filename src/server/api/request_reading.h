// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/matcher.h"
#include "base/time.h"
#include "server/http.h"

namespace trimtab {

// What handlers read from a request again and again. Errors name the parameter.

// `start` and `end` (names can be changed); absent: all time. Unix seconds, ISO 8601, "now-2h".
Result<TimeRange> read_range(const http::Request& request, TimestampMs now, std::string_view start = "start",
                             std::string_view end = "end");
Result<std::optional<TimestampMs>> read_time(const http::Request& request, std::string_view name,
                                             TimestampMs now);
// A time parameter's text: Unix seconds with a fraction, RFC 3339, now-2h, or one of the two texts by which
// Prometheus' clients spell the ends of time.
Result<TimestampMs> parse_api_time(std::string_view text, TimestampMs now);
// "15", "0.5" (seconds) or "1m30s".
Result<DurationMs> read_seconds_or_duration(std::string_view text);
// A label's name as it stands in a path: names that start with U__ are spelled with escapes, _2e_ for a code
// point and __ for an underscore, as Prometheus' clients do for names beyond letters, digits and underscores.
// What is no such spelling stays as it is.
std::string unescape_label_name(std::string_view name);
// Every match[] (and match): one selector each. Errors: kInvalid when `required` and there is none.
Result<std::vector<Matchers>> read_selectors(const http::Request& request, bool required);
Result<std::size_t> read_limit(const http::Request& request, std::size_t fallback, std::size_t max);

// {"status":"success","data":...}; the data is JSON already.
std::string success_json(std::string_view data);

}  // namespace trimtab
