// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace trimtab::promql {

// A double without an exponent: the fewest digits that read back to the same double, zeros around them;
// "+Inf",
// "-Inf", "NaN". So count_values() names its values and the API spells a scalar.
void append_plain_number(std::string& out, double value);

}  // namespace trimtab::promql
