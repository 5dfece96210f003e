// SPDX-License-Identifier: Apache-2.0
#include "query/engine/evaluator.h"

#include <fmt/format.h>

#include <utility>

#include "base/check.h"
#include "query/engine/aggregate.h"
#include "query/engine/binary.h"

namespace trimtab::promql {
namespace {

// Worth holding when it stands twice in a query: everything that reads the store.
bool reads_store(const Expr& expr) {
  return std::holds_alternative<VectorSelector>(expr.node) || std::holds_alternative<Call>(expr.node) ||
         std::holds_alternative<Aggregate>(expr.node) || std::holds_alternative<Binary>(expr.node);
}

}  // namespace

Evaluator::Evaluator(Store& store, const Context& context, const Expr& root)
    : store_(store), context_(context), tracer_(context.options().trace) {
  count_repeats(root);
}

void Evaluator::count_repeats(const Expr& expr) {
  if (expr.type == ValueType::kVector && reads_store(expr)) {
    // What stands inside a repeated expression is computed once with it.
    if (++repeats_[to_text(expr)] > 1) return;
  }
  struct Walk {
    Evaluator& self;
    void operator()(const NumberLiteral&) const {}
    void operator()(const StringLiteral&) const {}
    void operator()(const VectorSelector&) const {}
    void operator()(const MatrixSelector&) const {}
    void operator()(const Subquery& s) const { self.count_repeats(*s.expr); }
    void operator()(const Call& c) const {
      for (const ExprPtr& argument : c.arguments) self.count_repeats(*argument);
    }
    void operator()(const Aggregate& a) const {
      if (a.parameter) self.count_repeats(*a.parameter);
      self.count_repeats(*a.expr);
    }
    void operator()(const Binary& b) const {
      self.count_repeats(*b.left);
      self.count_repeats(*b.right);
    }
    void operator()(const Unary& u) const { self.count_repeats(*u.expr); }
    void operator()(const Paren& p) const { self.count_repeats(*p.expr); }
  };
  std::visit(Walk{*this}, expr.node);
}

Result<Rows> Evaluator::vector(const Expr& expr, const Grid& grid) {
  TRY(context_.check());
  if (const auto* paren = std::get_if<Paren>(&expr.node)) return vector(*paren->expr, grid);
  if (grid.columns > 1 && step_invariant(expr)) {
    return repeat_rows(TRY(vector(expr, Grid{grid.start_ms, 0, 1})));
  }
  std::string key;
  if (reads_store(expr)) {
    key = to_text(expr);
    const auto it = repeats_.find(key);
    if (it == repeats_.end() || it->second < 2) {
      key.clear();
    } else {
      key += fmt::format(" {} {} {}", grid.start_ms, grid.step_ms, grid.columns);
      if (const auto held = shared_.find(key); held != shared_.end()) return held->second;
    }
  }
  const auto stage = tracer_.begin(expr);
  Rows rows = TRY(vector_inside(expr, grid));
  rows = tracer_.end(stage, std::move(rows));
  // Held only where there is room; else it is computed again, row by row.
  if (!key.empty() && context_.hold_cells(rows->size(), grid.columns, "")) {
    context_.release_cells(rows->size() * grid.columns);
    rows = Rows(TRY(materialise(rows, grid, context_, "a repeated expression")));
    shared_[key] = rows;
  }
  return rows;
}

Result<Rows> Evaluator::vector_inside(const Expr& expr, const Grid& grid) {
  if (const auto* selector = std::get_if<VectorSelector>(&expr.node)) {
    return select_instant(store_, *selector, grid, SelectorValue::kSample, context_);
  }
  if (const auto* node = std::get_if<Call>(&expr.node)) return call(*node, expr, grid);
  if (const auto* node = std::get_if<Aggregate>(&expr.node)) return aggregation(*node, expr, grid);
  if (const auto* node = std::get_if<Binary>(&expr.node)) return binary(*node, expr, grid);
  if (const auto* node = std::get_if<Unary>(&expr.node)) {
    Rows rows = TRY(vector(*node->expr, grid));
    if (!node->negate) return rows;
    const auto negate = [](std::span<double> row) {
      for (double& v : row) v = present(v) ? -v : v;
    };
    return without_duplicates(map_rows(std::move(rows), {negate, true}), grid, Duplicates::kRefuse, context_);
  }
  CHECK(false, "an expression of type {} is no instant vector", to_string(expr.type));
}

Result<Rows> Evaluator::aggregation(const Aggregate& node, const Expr& expr, const Grid& grid) {
  AggregateParameter parameter;
  if (node.op == AggregateOp::kCountValues) {
    parameter.text = std::get<StringLiteral>(unwrap(*node.parameter).node).value;
  } else if (node.parameter) {
    parameter.scalar = TRY(scalar(*node.parameter, grid));
  }
  const Rows rows = TRY(vector(*node.expr, grid));
  return aggregate(node, node.parameter ? node.parameter->span : expr.span, rows, std::move(parameter), grid,
                   context_);
}

Result<Rows> Evaluator::binary(const Binary& node, const Expr& expr, const Grid& grid) {
  if (node.left->type == ValueType::kScalar) {
    Scalars left = TRY(scalar(*node.left, grid));
    Rows right = TRY(vector(*node.right, grid));
    return join_scalar(node, std::move(right), std::move(left), ScalarSide::kLeft, grid, context_);
  }
  Rows left = TRY(vector(*node.left, grid));
  if (node.right->type == ValueType::kScalar) {
    Scalars right = TRY(scalar(*node.right, grid));
    return join_scalar(node, std::move(left), std::move(right), ScalarSide::kRight, grid, context_);
  }
  const Rows right = TRY(vector(*node.right, grid));
  if (is_set_operator(node.op)) return join_sets(node, left, right, grid, context_);
  return join_vectors(node, expr.span, left, right, grid, context_);
}

Result<Scalars> Evaluator::scalar(const Expr& expr, const Grid& grid) {
  TRY(context_.check());
  // Scalars live in the functions they were given to; all of a query's together have the bound.
  scalar_cells_ += grid.columns;
  if (scalar_cells_ > context_.limits().cells_max) {
    return fail(ErrorCode::kLimit,
                fmt::format("{}: the scalars of the query take more than {} cells, its bound "
                            "(cells_max): ask for fewer steps",
                            context_.place(expr.span), context_.limits().cells_max));
  }
  if (const auto* number = std::get_if<NumberLiteral>(&expr.node))
    return Scalars(grid.columns, number->value);
  if (const auto* paren = std::get_if<Paren>(&expr.node)) return scalar(*paren->expr, grid);
  if (const auto* unary = std::get_if<Unary>(&expr.node)) {
    Scalars out = TRY(scalar(*unary->expr, grid));
    if (unary->negate) {
      for (double& v : out) v = -v;
    }
    return out;
  }
  if (const auto* binary = std::get_if<Binary>(&expr.node)) {
    Scalars left = TRY(scalar(*binary->left, grid));
    const Scalars right = TRY(scalar(*binary->right, grid));
    for (std::size_t c = 0; c < grid.columns; ++c) left[c] = apply_scalars(binary->op, left[c], right[c]);
    return left;
  }
  const auto& call = std::get<Call>(expr.node);
  Scalars out(grid.columns);
  switch (call.function->id) {
    case FunctionId::kPi: std::fill(out.begin(), out.end(), 3.14159265358979323846); return out;
    case FunctionId::kTime:
      for (std::size_t c = 0; c < grid.columns; ++c) out[c] = static_cast<double>(grid.at(c)) / 1000;
      return out;
    case FunctionId::kScalar: {
      // The value of the one series there is at a step, else NaN.
      const Rows rows = TRY(vector(*call.arguments[0], grid));
      std::vector<std::uint32_t> count(grid.columns);
      Scratch scratch;
      std::vector<double> cells(grid.columns);
      for (std::size_t row = 0; row < rows->size(); ++row) {
        TRY(rows->compute(row, scratch, cells));
        for (std::size_t c = 0; c < grid.columns; ++c) {
          if (!present(cells[c])) continue;
          ++count[c];
          out[c] = cells[c];
        }
      }
      for (std::size_t c = 0; c < grid.columns; ++c) out[c] = count[c] == 1 ? out[c] : kNaN;
      return out;
    }
    default: break;
  }
  CHECK(false, "function {} gives no scalar", call.function->name);
}

Result<Evaluator::Ranges> Evaluator::ranges(const Expr& expr, const Grid& grid) {
  const Expr& inside = unwrap(expr);
  if (const auto* matrix = std::get_if<MatrixSelector>(&inside.node)) {
    auto samples = TRY(select_samples(store_, *matrix, grid, context_));
    return Ranges{std::move(samples), Windows{Lookup(grid, matrix->vector.shift, context_.window()),
                                              matrix->range_ms, &context_}};
  }
  const auto& subquery = std::get<Subquery>(inside.node);
  const Windows windows{Lookup(grid, subquery.shift, context_.window()), subquery.range_ms, &context_};
  const DurationMs step = subquery.step_ms > 0 ? subquery.step_ms : context_.options().subquery_step_ms;
  // Steps are multiples of the step since 1970, the first one after the open left edge.
  const TimestampMs open = windows.start(0);
  TimestampMs first = open / step * step;
  if (first > open) first -= step;
  if (first <= open) first += step;
  const TimestampMs last = windows.end(grid.columns - 1);
  const std::uint64_t columns = last < first ? 0 : static_cast<std::uint64_t>((last - first) / step) + 1;
  if (columns > context_.limits().subquery_steps_max) {
    return fail(
        ErrorCode::kLimit,
        fmt::format(
            "{}: the subquery has {} steps; at most {} are allowed (subquery_steps_max): use a longer "
            "step than {} or a shorter range",
            context_.place(inside.span), columns, context_.limits().subquery_steps_max,
            format_duration(step)));
  }
  if (columns == 0)
    return Ranges{samples_of_rows(std::make_shared<Table>(1), Grid{first, step, 1}, context_), windows};
  const Grid inner{first, step, static_cast<std::size_t>(columns)};
  const Rows rows = TRY(vector(*subquery.expr, inner));
  return Ranges{samples_of_rows(rows, inner, context_), windows};
}

}  // namespace trimtab::promql
