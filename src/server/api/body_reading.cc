// SPDX-License-Identifier: Apache-2.0
#include "server/api/body_reading.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

namespace trimtab {

Result<std::map<std::string, std::string, std::less<>>> read_text_object(
    std::string_view body, std::initializer_list<std::string_view> known) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  const simdjson::padded_string padded(body);
  if (const auto error = parser.parse(padded).get(object)) {
    return invalid(fmt::format("the body is not a JSON object: {}", simdjson::error_message(error)));
  }
  std::map<std::string, std::string, std::less<>> out;
  for (const auto& [key, value] : object) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      return invalid(fmt::format("unknown key \"{:.50}\"; known: {}", key, fmt::join(known, ", ")));
    }
    std::string_view text;
    if (value.get(text)) return invalid(fmt::format("{}: a text is expected", key));
    out[std::string(key)] = text;
  }
  return out;
}

}  // namespace trimtab
