// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "advise/advisor.h"

namespace trimtab::advise {

// "text" with PromQL's escapes.
std::string promql_string(std::string_view text);

// What an expression says at context.now_ms; NaN when it gives no series. Errors: it gives several
// (kInvalid), and the querier's.
Result<double> value_now(const Context& context, std::string_view expression);

}  // namespace trimtab::advise
