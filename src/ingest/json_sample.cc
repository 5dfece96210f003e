// SPDX-License-Identifier: Apache-2.0
#include "ingest/json_sample.h"

#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <cmath>

#include "ingest/exposition.h"
#include "ingest/number.h"
#include "store/store.h"

namespace trimtab {
namespace {

constexpr std::string_view kNanPrefix = "NaN:";

}  // namespace

void append_json_sample(std::string& out, double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  if (bits == kStaleNanBits) {
    out += "null";
  } else if (bits == kNormalNanBits) {
    out += "\"NaN\"";
  } else if (std::isnan(value)) {
    fmt::format_to(std::back_inserter(out), "\"{}{:016x}\"", kNanPrefix, bits);
  } else if (std::isinf(value)) {
    out += value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  } else if (value == 0) {
    out += std::signbit(value) ? "-0.0" : "0";
  } else {
    fmt::format_to(std::back_inserter(out), "{}", value);
  }
}

bool parse_json_sample_text(std::string_view text, double& out) {
  if (text.starts_with(kNanPrefix)) {
    const std::string_view digits = text.substr(kNanPrefix.size());
    std::uint64_t bits = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits, 16);
    if (digits.size() != 16 || error != std::errc{} || end != digits.data() + digits.size()) return false;
    out = std::bit_cast<double>(bits);
    return std::isnan(out);
  }
  if (!parse_double(text, out)) return false;
  if (std::isnan(out)) out = std::bit_cast<double>(kNormalNanBits);
  return true;
}

}  // namespace trimtab
