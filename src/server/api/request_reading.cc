// SPDX-License-Identifier: Apache-2.0
#include "server/api/request_reading.h"

#include <fmt/format.h>

#include <charconv>

namespace trimtab {

Result<std::optional<TimestampMs>> read_time(const http::Request& request, std::string_view name,
                                             TimestampMs now) {
  const std::string_view text = request.parameter(name);
  if (text.empty()) return std::optional<TimestampMs>();
  const auto time = parse_timestamp_relative(text, now);
  if (!time) return std::unexpected(time.error().within(name));
  return std::optional<TimestampMs>(*time);
}

Result<TimeRange> read_range(const http::Request& request, TimestampMs now, std::string_view start,
                             std::string_view end) {
  const auto from = TRY(read_time(request, start, now));
  const auto to = TRY(read_time(request, end, now));
  const TimeRange range{from.value_or(kTimestampMin), to.value_or(kTimestampMax)};
  if (range.empty()) return invalid(fmt::format("{} lies after {}", start, end));
  return range;
}

Result<std::vector<Matchers>> read_selectors(const http::Request& request, bool required) {
  std::vector<Matchers> out;
  for (const char* name : {"match[]", "match"}) {
    for (const std::string_view text : request.parameters_named(name)) {
      auto matchers = parse_selector(text);
      if (!matchers) return std::unexpected(matchers.error().within(name));
      out.push_back(std::move(*matchers));
    }
  }
  if (required && out.empty()) return invalid("match[] is required: a selector such as up{job=\"node\"}");
  return out;
}

Result<std::size_t> read_limit(const http::Request& request, std::size_t fallback, std::size_t max) {
  const std::string_view text = request.parameter("limit");
  if (text.empty()) return fallback;
  std::size_t limit = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (error != std::errc() || end != text.data() + text.size())
    return invalid(fmt::format("limit: \"{:.50}\" is not a whole number", text));
  // As in Prometheus, 0 means no limit of the caller's own.
  return limit == 0 ? max : std::min(limit, max);
}

std::string success_json(std::string_view data) {
  return fmt::format("{{\"status\":\"success\",\"data\":{}}}\n", data);
}

}  // namespace trimtab
