// SPDX-License-Identifier: Apache-2.0
#include "estate/yaml_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "estate/estate_file.h"
#include "estate/glob.h"

namespace trimtab {
namespace {

constexpr std::array<std::string_view, 7> kWeekdays = {"monday", "tuesday",  "wednesday", "thursday",
                                                       "friday", "saturday", "sunday"};

}  // namespace

Result<std::string> read_text(const Yaml& yaml, Result<std::string> text) {
  if (!text) return text;
  if (text->size() > kEstateTextBytesMax)
    return yaml.error(fmt::format("longer than {} bytes", kEstateTextBytesMax));
  if (!is_valid_utf8(*text)) return yaml.error("not UTF-8");
  return text;
}

Result<std::string> read_text_or_empty(const Yaml& yaml) { return read_text(yaml, yaml.string_or("")); }

Result<EntityRef> read_entity(const Yaml& yaml) {
  const std::string text = TRY(read_text(yaml, yaml.string()));
  auto parsed = parse_entity(text);
  if (!parsed) return yaml.error(parsed.error().message());
  return parsed;
}

Result<std::string> read_pattern(const Yaml& yaml, const std::string& text) {
  if (text != "*" && !is_glob(text)) {
    const auto entity = parse_entity(text);
    if (!entity) return yaml.error(entity.error().message());
  }
  return read_text(yaml, text);
}

Result<std::vector<std::string>> read_patterns(const Yaml& list) {
  std::vector<std::string> out;
  for (const Yaml& each : list.list()) {
    const std::string text = TRY(each.string());
    const std::string checked = TRY(read_pattern(each, text));
    out.push_back(checked);
  }
  return out;
}

Result<TimestampMs> read_time(const Yaml& yaml) {
  const std::string text = TRY(yaml.string());
  const auto parsed = parse_timestamp(text);
  if (!parsed) return yaml.error(parsed.error().message());
  return *parsed;
}

Result<int> read_minute_of_day(const Yaml& yaml) {
  const std::string text = TRY(yaml.string());
  const auto number = [](std::string_view digits, int& out) {
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
    return problem == std::errc() && end == digits.data() + digits.size();
  };
  int hour = 0;
  int minute = 0;
  if (text.size() != 5 || text[2] != ':' || !number(std::string_view(text).substr(0, 2), hour) ||
      !number(std::string_view(text).substr(3), minute) || hour < 0 || hour > 23 || minute < 0 ||
      minute > 59) {
    return yaml.error(fmt::format("\"{}\" is not a time of day; expected HH:MM, quoted", text.substr(0, 32)));
  }
  return hour * 60 + minute;
}

Result<int> read_weekday(const Yaml& yaml) {
  const std::string day = TRY(yaml.string());
  const auto found = std::find(kWeekdays.begin(), kWeekdays.end(), day);
  if (found == kWeekdays.end()) {
    return yaml.error(
        fmt::format("\"{}\" is not a day; known: {}", day.substr(0, 32), fmt::join(kWeekdays, ", ")));
  }
  return static_cast<int>(found - kWeekdays.begin());
}

}  // namespace trimtab
