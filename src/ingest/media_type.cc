// SPDX-License-Identifier: Apache-2.0
#include "ingest/media_type.h"

#include <algorithm>

namespace trimtab {

std::string to_lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  return out;
}

std::string_view trim_blanks(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

MediaType::MediaType(std::string_view header) {
  const std::size_t semicolon = header.find(';');
  type_ = to_lower(trim_blanks(header.substr(0, semicolon)));
  if (semicolon != std::string_view::npos) parameters_ = header.substr(semicolon + 1);
}

std::string MediaType::parameter(std::string_view name) const {
  std::string_view rest = parameters_;
  while (!rest.empty()) {
    const std::size_t semicolon = rest.find(';');
    const std::string_view one = rest.substr(0, semicolon);
    rest = semicolon == std::string_view::npos ? std::string_view{} : rest.substr(semicolon + 1);
    const std::size_t equals = one.find('=');
    if (equals == std::string_view::npos || to_lower(trim_blanks(one.substr(0, equals))) != name) continue;
    std::string_view value = trim_blanks(one.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
      value = value.substr(1, value.size() - 2);
    return std::string(value);
  }
  return {};
}

}  // namespace trimtab
