// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "query/ast.h"
#include "query/engine/rows.h"

namespace trimtab::promql {

// scalar op scalar; comparisons give 0 or 1.
double apply_scalars(BinaryOp op, double left, double right);

// vector op scalar or the other way round: comparisons without bool filter and keep the vector's value.
enum class ScalarSide { kLeft, kRight };
Result<Rows> join_scalar(const Binary& node, Rows rows, std::vector<double> scalar, ScalarSide side,
                         const Grid& grid, const Context& context);

// vector op vector. Series are matched once for the whole grid; conflicts are looked for at every step. Where
// the labels alone rule conflicts out, the "one" side is held and the other streams through. Errors: kInvalid
// where a step has more than one partner, with both series named.
Result<Rows> join_vectors(const Binary& node, Span span, const Rows& left, const Rows& right,
                          const Grid& grid, const Context& context);
Result<Rows> join_sets(const Binary& node, const Rows& left, const Rows& right, const Grid& grid,
                       const Context& context);

// For each row the number of its match group, shared between both sides: rows match when these are equal.
struct MatchGroups {
  std::vector<std::uint32_t> left;
  std::vector<std::uint32_t> right;
  std::size_t count = 0;
};
MatchGroups match_groups(const VectorMatching& matching, const RowSource& left, const RowSource& right);

}  // namespace trimtab::promql
