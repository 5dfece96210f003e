// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace trimtab {

// "F-12" or "12" to 12. `prefix` is "F-", `what` "a finding".
inline Result<std::int64_t> read_record_id(std::string_view text, std::string_view prefix,
                                           std::string_view what) {
  const std::string_view digits = text.starts_with(prefix) ? text.substr(prefix.size()) : text;
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) {
    return invalid(fmt::format("\"{:.50}\" is not {}; write {}12", text, what, prefix));
  }
  return id;
}

}  // namespace trimtab
