// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace trimtab {

// Numbers for people: at most three significant digits, SI or IEC prefixes, the unit behind a space.

// 1234567 -> "1.23 M"; 0.00042 -> "0.00042"; 0 -> "0"; NaN -> "no value".
std::string format_number(double value);
// 1536 -> "1.5 KiB".
std::string format_bytes(double bytes);
// By the catalogue's unit word: "seconds" -> "12.3 ms", "bytes" -> "1.5 KiB", "ratio" -> "93.1 %",
// "percent" -> "93.1 %", "" -> format_number; any other unit follows the number.
std::string format_with_unit(double value, std::string_view unit);
// 3.14 -> "x3.1", 0.25 -> "/4.0", for "usual vs now".
std::string format_factor(double factor);

// "512MiB", "10GB", "1024" -> bytes. KB/MB/GB/TB are powers of 1000, KiB/... of 1024.
Result<std::uint64_t> parse_bytes(std::string_view text);

}  // namespace trimtab
