// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "query/ast.h"

namespace trimtab::promql {

inline constexpr std::size_t kPrettyLineBytes = 100;
inline constexpr std::size_t kPrettyTextBytesMax = 8 << 10;  // longer queries stay on one line

// The text of a query for people: to_text() where that fits a line, else broken and indented by two spaces at
// parentheses, arguments and operators, as Prometheus' format_query does.
std::string to_pretty_text(const Expr& expr);

}  // namespace trimtab::promql
