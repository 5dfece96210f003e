// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "query/engine/window.h"

namespace trimtab::promql {

// rate, increase, delta, irate and idelta.
std::unique_ptr<WindowFunction> rate_function(FunctionId id);

}  // namespace trimtab::promql
