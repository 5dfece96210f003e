// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

namespace trimtab::promql {

// A double without an exponent: the fewest digits that read back to the same double, zeros around them;
// "+Inf",
// "-Inf", "NaN". So count_values() names its values and the API spells a scalar.
void append_plain_number(std::string& out, double value);

// A sample's value as Prometheus' API spells it, without the quotes: as above, but with an exponent from 1e21
// and below 1e-6. Writes at most kApiNumberBytes and returns the end.
inline constexpr std::size_t kApiNumberBytes = 32;
char* write_api_number(char* to, double value);

}  // namespace trimtab::promql
