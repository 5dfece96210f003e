// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/result.h"
#include "query/ast.h"

namespace trimtab::promql {

inline constexpr std::size_t kQueryBytesMax = 256 << 10;
inline constexpr int kQueryDepthMax = 200;      // nesting of expressions
inline constexpr std::size_t kQueryNodesMax = 5000;   // also bounds the depth of left-leaning trees

// Reads a PromQL query, checks its types and builds its tree. Errors read
//   1:14: parse error: unexpected "}" in label matching, expected ...
// with line and column of the place. Native histogram functions are refused by name.
Result<ExprPtr> parse(std::string_view query);

}  // namespace trimtab::promql
