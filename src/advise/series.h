// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "advise/advisor.h"

namespace trimtab::advise {

// "text" with PromQL's escapes.
std::string promql_string(std::string_view text);

// What an expression says at context.now_ms; NaN when it gives no series. Errors: it gives several
// (kInvalid), and the querier's.
Result<double> value_now(const Context& context, std::string_view expression);

// One number for each series that an expression gives at context.now_ms, by the values of these labels (""
// for one that it has not). Of several with the same values the last.
using NumbersByLabels = std::map<std::vector<std::string>, double>;
Result<NumbersByLabels> values_now(const Context& context, std::string_view expression,
                                   std::span<const std::string_view> labels);

}  // namespace trimtab::advise
