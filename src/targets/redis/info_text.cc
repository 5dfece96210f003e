// SPDX-License-Identifier: Apache-2.0
#include "targets/redis/info_text.h"

#include <algorithm>
#include <charconv>

namespace trimtab::redis {

void read_info(std::string_view info,
               const std::function<void(std::string_view field, std::string_view value)>& line) {
  while (!info.empty()) {
    const std::size_t end = std::min(info.find('\n'), info.size());
    std::string_view text = info.substr(0, end);
    info.remove_prefix(std::min(end + 1, info.size()));
    if (text.ends_with('\r')) text.remove_suffix(1);
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos || text[0] == '#') continue;
    line(text.substr(0, colon), text.substr(colon + 1));
  }
}

std::optional<double> info_number(std::string_view text) {
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> info_part(std::string_view list, std::string_view key) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const std::string_view one = list.substr(0, comma);
    list.remove_prefix(std::min(comma + 1, list.size()));
    if (one.size() > key.size() && one.starts_with(key) && one[key.size()] == '=') {
      return info_number(one.substr(key.size() + 1));
    }
  }
  return std::nullopt;
}

bool is_info_database(std::string_view field) {
  return field.size() > 2 && field.starts_with("db") &&
         std::ranges::all_of(field.substr(2), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace trimtab::redis
