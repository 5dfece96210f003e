// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "query/engine/binary.h"
#include "query/engine/operators.h"

namespace trimtab::promql {

double apply_scalars(BinaryOp op, double left, double right) {
  double out = 0;
  with_operator(op, [&]<BinaryOp kOp>() {
    if constexpr (compares(kOp)) {
      out = comparison<kOp>(left, right) ? 1 : 0;
    } else {
      out = arithmetic<kOp>(left, right);
    }
  });
  return out;
}

Result<Rows> join_scalar(const Binary& node, Rows rows, std::vector<double> scalar, ScalarSide side,
                         const Grid& grid, const Context& context) {
  const bool filters = is_comparison(node.op) && !node.return_bool;
  RowMap map;
  map.drop_name = !filters;
  map.apply = [op = node.op, side, filters, scalar = std::move(scalar)](std::span<double> row) {
    with_operator(op, [&]<BinaryOp kOp>() {
      for (std::size_t c = 0; c < row.size(); ++c) {
        const double v = row[c];
        const double a = side == ScalarSide::kLeft ? scalar[c] : v;
        const double b = side == ScalarSide::kLeft ? v : scalar[c];
        double result = 0;
        if constexpr (compares(kOp)) {
          const bool holds = comparison<kOp>(a, b);
          result = filters ? (holds ? v : kNoValue) : (holds ? 1 : 0);
        } else {
          result = arithmetic<kOp>(a, b);
        }
        row[c] = present(v) ? result : kNoValue;
      }
    });
  };
  return without_duplicates(map_rows(std::move(rows), std::move(map)), grid, Duplicates::kMerge, context);
}

}  // namespace trimtab::promql
