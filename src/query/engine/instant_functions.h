// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "query/functions.h"

namespace trimtab::promql {

// The functions from one value to one value: abs, ceil, trigonometry, clamp, round, date parts... as a change
// of a row in place. `scalars`: their scalar arguments, one value a column each. Null for other functions.
std::function<void(std::span<double>)> instant_function(FunctionId id,
                                                        std::vector<std::vector<double>> scalars);

// A part of the UTC date at Unix seconds `t`; NaN for times that no calendar reaches.
double date_part(FunctionId id, double t);

}  // namespace trimtab::promql
