// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/result.h"
#include "query/ast.h"

namespace trimtab::promql {

inline constexpr std::size_t kQueryBytesMax = 256 << 10;
inline constexpr int kQueryDepthMax = 200;  // nesting of expressions
// Also bounds the depth: a chain of operators makes a tree half as deep as it has nodes, and the tree is
// walked by recursion, a few KiB of stack a level in a sanitized build.
inline constexpr std::size_t kQueryNodesMax = 2000;

// Reads a PromQL query, checks its types and builds its tree. Errors read
//   1:14: parse error: unexpected "}" in label matching, expected ...
// with line and column of the place. Native histogram functions are refused by name.
Result<ExprPtr> parse(std::string_view query);

}  // namespace trimtab::promql
