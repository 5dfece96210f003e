// SPDX-License-Identifier: Apache-2.0
#include "rules/go_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "base/json.h"

namespace trimtab {
namespace {

std::string not_finite(double value) {
  if (std::isnan(value)) return "NaN";
  return value > 0 ? "+Inf" : "-Inf";
}

std::string shortest(double value, std::chars_format format) {
  std::array<char, 400> buffer;
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, format);
  return std::string(buffer.data(), end);
}

std::string four_digits(double value) {
  if (!std::isfinite(value)) return not_finite(value);
  return fmt::format("{:.4g}", value);
}

std::string with_prefix(double value, double base, const std::array<const char*, 8>& up,
                        const std::array<const char*, 8>& down) {
  const char* prefix = "";
  if (std::fabs(value) >= 1) {
    for (const char* next : up) {
      if (std::fabs(value) < base) break;
      prefix = next;
      value /= base;
    }
  } else {
    for (const char* next : down) {
      if (std::fabs(value) >= 1) break;
      prefix = next;
      value *= base;
    }
  }
  return four_digits(value) + prefix;
}

constexpr std::array<const char*, 8> kUp{"k", "M", "G", "T", "P", "E", "Z", "Y"};
constexpr std::array<const char*, 8> kUp1024{"ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"};
constexpr std::array<const char*, 8> kDown{"m", "u", "n", "p", "f", "a", "z", "y"};

}  // namespace

std::string go_float(double value) {
  if (!std::isfinite(value)) return not_finite(value);
  const std::string scientific = shortest(value, std::chars_format::scientific);
  int exponent = 0;
  const std::size_t e = scientific.find('e');
  const std::size_t digits = e + (scientific[e + 1] == '+' ? 2 : 1);
  std::from_chars(scientific.data() + digits, scientific.data() + scientific.size(), exponent);
  // Go's %v is its %g at the shortest precision, which turns to exponents from 1e+06 on.
  if (exponent < -4 || exponent >= 6) return scientific;
  return shortest(value, std::chars_format::fixed);
}

std::string go_exponent(double value) {
  return std::isfinite(value) ? shortest(value, std::chars_format::scientific) : not_finite(value);
}

std::string humanize(double value) {
  if (value == 0 || !std::isfinite(value)) return four_digits(value);
  return with_prefix(value, 1000, kUp, kDown);
}

std::string humanize_1024(double value) {
  if (std::fabs(value) <= 1 || !std::isfinite(value)) return four_digits(value);
  return with_prefix(value, 1024, kUp1024, kDown);
}

std::string humanize_duration(double value) {
  if (!std::isfinite(value)) return not_finite(value);
  if (value == 0) return "0s";
  if (std::fabs(value) < 1) return with_prefix(value, 1000, kUp, kDown) + "s";
  const char* sign = value < 0 ? "-" : "";
  value = std::fabs(value);
  if (value >= 9.2e18) return fmt::format("{}{}s", sign, four_digits(value));
  const auto whole = static_cast<std::int64_t>(value);
  const auto seconds = whole % 60;
  const auto minutes = whole / 60 % 60;
  const auto hours = whole / 3600 % 24;
  const auto days = whole / 86400;
  if (days > 0) return fmt::format("{}{}d {}h {}m {}s", sign, days, hours, minutes, seconds);
  if (hours > 0) return fmt::format("{}{}h {}m {}s", sign, hours, minutes, seconds);
  if (minutes > 0) return fmt::format("{}{}m {}s", sign, minutes, seconds);
  return fmt::format("{}{}s", sign, four_digits(value));
}

std::string humanize_percentage(double value) { return four_digits(value * 100) + "%"; }

std::string go_printf_number(std::string_view verb, double value) {
  if (!std::isfinite(value)) return not_finite(value);
  if (verb.back() == 'v') return go_float(value);
  if (verb == "%g" || verb == "%G") return go_float(value);
  // The verb was checked when the template was read: flags, width and precision of e, f or g.
  std::array<char, 512> buffer;
  const std::string format(verb);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  const int length = std::snprintf(buffer.data(), buffer.size(), format.c_str(), value);
#pragma GCC diagnostic pop
  return std::string(buffer.data(),
                     std::min<std::size_t>(static_cast<std::size_t>(std::max(0, length)), buffer.size() - 1));
}

std::string go_printf_text(std::string_view verb, std::string_view text) {
  std::string out(text);
  if (verb.back() == 'q') {
    out.clear();
    append_json_string(out, text);
  }
  const std::string_view middle = verb.substr(1, verb.size() - 2);
  const bool left = middle.starts_with('-');
  std::size_t width = 0;
  const std::string_view digits = middle.substr(left ? 1 : 0);
  std::from_chars(digits.data(), digits.data() + digits.size(), width);
  if (out.size() < width) out.insert(left ? out.end() : out.begin(), width - out.size(), ' ');
  return out;
}

}  // namespace trimtab
