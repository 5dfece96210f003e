// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace trimtab {

// Numbers as foreign text spells them. Each takes the whole text or returns false, and never throws.

// Decimal ("1", "+1.5e3", "-0"), hexadecimal ("0x1p-2"), and in any case NaN, Inf, Infinity with an
// optional sign. Too small becomes 0 (or a denormal); too large for a double is refused.
bool parse_double(std::string_view text, double& out);
// Decimal with optional sign.
bool parse_int64(std::string_view text, std::int64_t& out);
bool parse_uint64(std::string_view text, std::uint64_t& out);
// "1700000000.123" seconds -> milliseconds, exact for plain decimals, rounded to the nearest
// millisecond otherwise. NaN, infinities and values beyond 64 bits are refused.
bool parse_seconds_as_ms(std::string_view text, std::int64_t& out);

}  // namespace trimtab
