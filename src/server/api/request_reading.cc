// SPDX-License-Identifier: Apache-2.0
#include "server/api/request_reading.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "report/escape.h"

namespace trimtab {
namespace {

bool is_code_point(std::uint32_t code) { return code <= 0x10ffff && (code < 0xd800 || code >= 0xe000); }

}  // namespace

Result<std::optional<TimestampMs>> read_time(const http::Request& request, std::string_view name,
                                             TimestampMs now) {
  const std::string_view text = request.parameter(name);
  if (text.empty()) return std::optional<TimestampMs>();
  const auto time = parse_api_time(text, now);
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

Result<TimestampMs> parse_api_time(std::string_view text, TimestampMs now) {
  if (text == "-292273086-05-16T16:47:06Z") return kTimestampMin;
  if (text == "292277025-08-18T07:12:54.999999999Z") return kTimestampMax;
  return parse_timestamp_relative(text, now);
}

Result<DurationMs> read_seconds_or_duration(std::string_view text) {
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (!text.empty() && error == std::errc() && end == text.data() + text.size()) {
    const double ms = seconds * 1000;
    if (!(std::fabs(ms) < static_cast<double>(kTimestampMax - kTimestampMin)))
      return invalid(fmt::format("cannot parse \"{:.50}\" to a valid duration: out of range", text));
    return static_cast<DurationMs>(ms);
  }
  const auto duration = parse_duration(text);
  if (!duration) {
    return invalid(
        fmt::format("cannot parse \"{:.50}\" to a valid duration: {}", text, duration.error().message()));
  }
  return duration;
}

std::string unescape_label_name(std::string_view name) {
  if (!name.starts_with("U__")) return std::string(name);
  std::string out;
  for (std::size_t i = 3; i < name.size(); ++i) {
    if (name[i] != '_') {
      out += name[i];
      continue;
    }
    const std::size_t close = name.find('_', i + 1);
    if (close == std::string_view::npos) return std::string(name);
    std::uint32_t code = 0;
    const std::string_view hex = name.substr(i + 1, close - i - 1);
    if (!hex.empty()) {
      const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), code, 16);
      if (error != std::errc() || end != hex.data() + hex.size() || !is_code_point(code))
        return std::string(name);
      report::append_utf8(out, code);
    } else {
      out += '_';
    }
    i = close;
  }
  return out;
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
