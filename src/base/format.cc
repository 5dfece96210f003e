// SPDX-License-Identifier: Apache-2.0
#include "base/format.h"

#include <fmt/format.h>

#include <array>
#include <algorithm>
#include <charconv>
#include <cmath>

namespace trimtab {
namespace {

// Three significant digits without an exponent and without trailing zeros.
std::string three_digits(double value) {
  const double magnitude = std::fabs(value);
  if (magnitude == 0) return "0";
  // A prefix or unit can carry a number near the largest double over the edge.
  if (!std::isfinite(value)) return value > 0 ? "infinite" : "minus infinite";
  const int exponent = static_cast<int>(std::floor(std::log10(magnitude)));
  const int decimals = std::clamp(2 - exponent, 0, 12);
  std::string text = fmt::format("{:.{}f}", value, decimals);
  if (text.find('.') != std::string::npos) {
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
  }
  return text == "-0" ? "0" : text;
}

std::string scaled(double value, double base, const std::array<std::string_view, 6>& prefixes) {
  std::size_t step = 0;
  // 999.5 would print as "1000": move on to the next prefix instead.
  while (std::fabs(value) >= base * 0.9995 && step + 1 < prefixes.size()) {
    value /= base;
    ++step;
  }
  return fmt::format("{} {}", three_digits(value), prefixes[step]);
}

}  // namespace

std::string format_number(double value) {
  if (std::isnan(value)) return "no value";
  if (std::isinf(value)) return value > 0 ? "infinite" : "minus infinite";
  if (std::fabs(value) < 10000) return three_digits(value);
  return scaled(value, 1000, {"", "k", "M", "G", "T", "P"});
}

std::string format_bytes(double bytes) {
  if (!std::isfinite(bytes)) return format_number(bytes);
  return scaled(bytes, 1024, {"B", "KiB", "MiB", "GiB", "TiB", "PiB"});
}

std::string format_with_unit(double value, std::string_view unit) {
  if (!std::isfinite(value) || unit.empty()) return format_number(value);
  if (unit == "bytes") return format_bytes(value);
  if (unit == "bytes/s") return format_bytes(value) + "/s";
  if (unit == "ratio") return three_digits(value * 100) + " %";
  if (unit == "percent") return three_digits(value) + " %";
  if (unit == "seconds") {
    const double magnitude = std::fabs(value);
    if (magnitude == 0) return "0 s";
    if (magnitude < 1e-6) return three_digits(value * 1e9) + " ns";
    if (magnitude < 1e-3) return three_digits(value * 1e6) + " µs";
    if (magnitude < 1) return three_digits(value * 1e3) + " ms";
    if (magnitude < 7200) return three_digits(value) + " s";
    if (magnitude < 2 * 86400) return three_digits(value / 3600) + " h";
    return three_digits(value / 86400) + " days";
  }
  return fmt::format("{} {}", format_number(value), unit);
}

std::string format_factor(double factor) {
  if (!std::isfinite(factor) || factor <= 0) return "new";
  const double shown = factor >= 1 ? factor : 1 / factor;
  const char sign = factor >= 1 ? 'x' : '/';
  return shown >= 10 ? fmt::format("{}{}", sign, format_number(std::round(shown))) : fmt::format("{}{:.1f}", sign, shown);
}

Result<std::uint64_t> parse_bytes(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  double scale = 0;
  if (unit.empty() || unit == "B") scale = 1;
  constexpr std::string_view kPrefixes = "KMGTP";
  if (!unit.empty()) {
    if (const auto i = kPrefixes.find(unit[0]); i != std::string_view::npos) {
      if (unit.substr(1) == "iB") scale = std::pow(1024.0, static_cast<double>(i + 1));
      if (unit.substr(1) == "B") scale = std::pow(1000.0, static_cast<double>(i + 1));
    }
  }
  if (error != std::errc() || scale == 0 || !(number >= 0) || number * scale > 9e18) {
    return invalid(fmt::format("\"{}\" is not a size; write for example 512MiB, 10GiB or 1048576", text));
  }
  return static_cast<std::uint64_t>(number * scale);
}

}  // namespace trimtab
