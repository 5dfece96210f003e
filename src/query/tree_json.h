// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "query/ast.h"

namespace trimtab::promql {

// The tree of a query as JSON, in the shape of Prometheus' /api/v1/parse_query.
std::string tree_json(const Expr& expr);

}  // namespace trimtab::promql
