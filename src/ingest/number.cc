// SPDX-License-Identifier: Apache-2.0
#include "ingest/number.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

namespace trimtab {
namespace {

bool is_sign(char c) { return c == '+' || c == '-'; }

// The exponent or the digits are beyond a double: strtod says whether too large or too small.
bool parse_extreme(std::string_view unsigned_text, bool hex, double& out) {
  const std::string copy = (hex ? "0x" : "") + std::string(unsigned_text);
  out = std::strtod(copy.c_str(), nullptr);
  return std::isfinite(out);
}

template <typename T>
bool parse_integer(std::string_view text, T& out) {
  if (text.size() > 1 && text[0] == '+' && !is_sign(text[1])) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

bool parse_double(std::string_view text, double& out) {
  bool negative = false;
  if (!text.empty() && is_sign(text[0])) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (text.empty() || is_sign(text[0]) || text.back() == ')') return false;  // from_chars would take "nan(x)"
  const bool hex = text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
  if (hex) text.remove_prefix(2);
  if (is_sign(text[0])) return false;
  const char* const stop = text.data() + text.size();
  const auto [end, error] =
      std::from_chars(text.data(), stop, out, hex ? std::chars_format::hex : std::chars_format::general);
  if (end != stop) return false;
  if (hex && !std::isfinite(out)) return false;
  if (error == std::errc::result_out_of_range) {
    if (!parse_extreme(text, hex, out)) return false;
  } else if (error != std::errc{}) {
    return false;
  }
  if (negative) out = -out;
  return true;
}

bool parse_int64(std::string_view text, std::int64_t& out) { return parse_integer(text, out); }
bool parse_uint64(std::string_view text, std::uint64_t& out) { return parse_integer(text, out); }

bool parse_seconds_as_ms(std::string_view text, std::int64_t& out) {
  double seconds = 0;
  if (!parse_double(text, seconds)) return false;
  const double milliseconds = std::round(seconds * 1000);
  // 2^63 is exact as a double; anything at or above it does not fit.
  constexpr double kBound = 9223372036854775808.0;
  if (!(milliseconds > -kBound && milliseconds < kBound)) return false;
  out = static_cast<std::int64_t>(milliseconds);
  return true;
}

}  // namespace trimtab
