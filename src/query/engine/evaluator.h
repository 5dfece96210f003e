// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "query/ast.h"
#include "query/engine/rows.h"
#include "query/engine/selector.h"
#include "query/engine/trace.h"
#include "query/engine/window.h"
#include "query/functions.h"

namespace trimtab::promql {

using Scalars = std::vector<double>;  // one a column

// Turns the tree into rows, node by node: what streams (selectors, functions of one row, ranges) becomes a
// source that computes rows when asked, what needs all rows (aggregations, joins) computes them here. What
// does not depend on the step ("@" everywhere below) is evaluated at one step and repeated. Sub-expressions
// that stand in the query more than once are held and computed once. One evaluator serves one query, on its
// thread.
class Evaluator {
 public:
  Evaluator(Store& store, const Context& context, const Expr& root);

  Result<Rows> vector(const Expr& expr, const Grid& grid);
  Result<Scalars> scalar(const Expr& expr, const Grid& grid);
  // A range vector and the windows it is looked at through.
  struct Ranges {
    std::shared_ptr<const SampleSource> samples;
    Windows windows;
  };
  Result<Ranges> ranges(const Expr& expr, const Grid& grid);

  std::vector<TraceStage> trace() const { return tracer_.stages(); }

 private:
  Result<Rows> vector_inside(const Expr& expr, const Grid& grid);
  Result<Rows> aggregation(const Aggregate& node, const Expr& expr, const Grid& grid);
  Result<Rows> binary(const Binary& node, const Expr& expr, const Grid& grid);
  // calls.cc
  Result<Rows> call(const Call& node, const Expr& expr, const Grid& grid);
  Result<Rows> range_call(const Call& node, const Expr& expr, const Grid& grid);
  Result<Rows> absent(const Expr& argument, const Rows& rows, const Grid& grid);
  Result<Rows> timestamp(const Expr& argument, const Grid& grid);
  Result<Rows> sorted(const Call& node, const Grid& grid);
  Result<std::vector<Scalars>> scalar_arguments(const Call& node, const Grid& grid);

  void count_repeats(const Expr& expr);

  Store& store_;
  const Context& context_;
  Tracer tracer_;
  std::uint64_t scalar_cells_ = 0;
  std::map<std::string, int> repeats_;  // by text: how often a sub-expression stands in the query
  std::map<std::string, Rows> shared_;  // by text and grid: those that are held
};

// Without the parentheses around it.
const Expr& unwrap(const Expr& expr);
// Whether the value is the same at every step of any grid.
bool step_invariant(const Expr& expr);
// One column repeated over a grid.
Rows repeat_rows(Rows rows);
// One row without labels.
Rows rows_of_scalar(const Scalars& scalars);

}  // namespace trimtab::promql
