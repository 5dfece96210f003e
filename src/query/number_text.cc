// SPDX-License-Identifier: Apache-2.0
#include "query/number_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

namespace trimtab::promql {
namespace {

// 2^53. From here on a double is a whole number whose shortest digits end before its last place, and
// std::to_chars in the fixed form would show digits nobody has.
constexpr double kPaddedFrom = 9007199254740992.0;

}  // namespace

void append_plain_number(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
    return;
  }
  if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
    return;
  }
  // The smallest double has 323 zeros behind the point.
  std::array<char, 400> buffer;
  const bool padded = std::fabs(value) >= kPaddedFrom;
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                          padded ? std::chars_format::scientific : std::chars_format::fixed);
  const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  if (!padded) {
    out += text;
    return;
  }
  const std::size_t e = text.find('e');
  std::size_t exponent = 0;
  std::from_chars(text.data() + e + 2, text.data() + text.size(), exponent);
  std::size_t digits = 0;
  for (const char c : text.substr(0, e)) {
    if (c == '.') continue;
    out += c;
    digits += c != '-';
  }
  out.append(exponent + 1 - digits, '0');
}

}  // namespace trimtab::promql
