// SPDX-License-Identifier: Apache-2.0
#include "query/number_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string_view>

namespace trimtab::promql {
namespace {

constexpr double kScientificBelow = 1e-6;
constexpr double kScientificFrom = 1e21;
// 2^53. From here on a double is a whole number whose shortest digits end before its last place, and
// std::to_chars in the fixed form would show digits nobody has.
constexpr double kPaddedFrom = 9007199254740992.0;
// The smallest double has 323 zeros behind the point, the largest 309 digits before it.
constexpr std::size_t kPlainNumberBytes = 400;

char* write_text(char* to, std::string_view text) { return std::ranges::copy(text, to).out; }

// Decimals of at most 15 digits are all different doubles, so when the value is one with three places behind
// the point these are its shortest digits. Most telemetry is of that kind, and this is several times faster
// than the search for the shortest digits. Null when it is not of that kind.
char* write_short_decimal(char* to, double value) {
  constexpr double kThousandthsBelow = 1e15;
  const double scaled = value * 1000;
  if (!(std::fabs(scaled) < kThousandthsBelow)) return nullptr;
  const auto thousandths = static_cast<std::int64_t>(scaled + std::copysign(0.5, scaled));
  if (static_cast<double>(thousandths) / 1000 != value || (thousandths == 0 && std::signbit(value)))
    return nullptr;
  std::uint64_t rest = static_cast<std::uint64_t>(thousandths);
  if (thousandths < 0) {
    *to++ = '-';
    rest = 0 - rest;
  }
  to = std::to_chars(to, to + kApiNumberBytes - 1, rest / 1000).ptr;
  const auto fraction = static_cast<std::uint32_t>(rest % 1000);
  if (fraction == 0) return to;
  *to++ = '.';
  *to++ = static_cast<char>('0' + fraction / 100);
  if (fraction % 100 == 0) return to;
  *to++ = static_cast<char>('0' + fraction / 10 % 10);
  if (fraction % 10 == 0) return to;
  *to++ = static_cast<char>('0' + fraction % 10);
  return to;
}

char* write_plain(char* to, double value) {
  if (std::isnan(value)) return write_text(to, "NaN");
  if (std::isinf(value)) return write_text(to, value > 0 ? "+Inf" : "-Inf");
  if (char* const end = write_short_decimal(to, value)) return end;
  if (std::fabs(value) < kPaddedFrom)
    return std::to_chars(to, to + kPlainNumberBytes, value, std::chars_format::fixed).ptr;
  std::array<char, kApiNumberBytes> buffer;
  const auto [end, error] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific);
  const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  const std::size_t e = text.find('e');
  std::size_t exponent = 0;
  std::from_chars(text.data() + e + 2, text.data() + text.size(), exponent);
  std::size_t digits = 0;
  for (const char c : text.substr(0, e)) {
    if (c == '.') continue;
    *to++ = c;
    digits += c != '-';
  }
  return std::fill_n(to, exponent + 1 - digits, '0');
}

}  // namespace

void append_plain_number(std::string& out, double value) {
  std::array<char, kPlainNumberBytes> buffer;
  out.append(buffer.data(), write_plain(buffer.data(), value));
}

char* write_api_number(char* to, double value) {
  const double size = std::fabs(value);
  // Comparisons with NaN are false: plain, as are infinities by the last one.
  if ((size != 0 && size < kScientificBelow) || (size >= kScientificFrom && !std::isinf(size))) {
    return std::to_chars(to, to + kApiNumberBytes, value, std::chars_format::scientific).ptr;
  }
  return write_plain(to, value);
}

}  // namespace trimtab::promql
