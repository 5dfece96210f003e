// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "query/engine.h"
#include "query/engine/evaluator.h"
#include "query/parser.h"

namespace trimtab::promql {
namespace {

Result<Grid> grid_of(const QueryWindow& window, const QueryLimits& limits) {
  for (const TimestampMs t : {window.start_ms, window.end_ms}) {
    if (t < kTimestampMin || t > kTimestampMax) {
      return invalid(fmt::format("time {} ms of the query is outside year 1 to 9999", t));
    }
  }
  if (window.instant) return Grid{window.start_ms, 0, 1};
  if (window.step_ms <= 0) {
    return invalid(
        fmt::format("a query resolution step of {} ms is not accepted; it must be positive", window.step_ms));
  }
  if (window.end_ms < window.start_ms) return invalid("the end of the query is before its start");
  const auto steps = static_cast<std::uint64_t>((window.end_ms - window.start_ms) / window.step_ms) + 1;
  if (steps > limits.steps_max) {
    return fail(
        ErrorCode::kLimit,
        fmt::format(
            "the range has {} steps of {}; at most {} are allowed for one series (steps_max): ask for a "
            "longer step or a shorter range",
            steps, format_duration(window.step_ms), limits.steps_max));
  }
  return Grid{window.start_ms, window.step_ms, static_cast<std::size_t>(steps)};
}

// Whether the rows of an instant query stand in an order that the query asked for.
bool ordered(const Expr& root) {
  const Expr& expr = unwrap(root);
  if (const auto* call = std::get_if<Call>(&expr.node)) {
    using F = FunctionId;
    const F id = call->function->id;
    return id == F::kSort || id == F::kSortDesc || id == F::kSortByLabel || id == F::kSortByLabelDesc;
  }
  const auto* aggregate = std::get_if<Aggregate>(&expr.node);
  return aggregate != nullptr &&
         (aggregate->op == AggregateOp::kTopk || aggregate->op == AggregateOp::kBottomk);
}

template <typename Less>
std::vector<std::size_t> order_of(std::size_t size, Less less) {
  std::vector<std::size_t> order(size);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), less);
  return order;
}

Status fill_vector(Evaluator& evaluator, const Expr& expr, const Grid& grid, const Context& context,
                   Answer& answer) {
  const Rows rows = TRY(evaluator.vector(expr, grid));
  const auto table = TRY(materialise(rows, grid, context, "the answer"));
  auto order = order_of(table->size(), [&](std::size_t a, std::size_t b) {
    return (!context.window().instant || !ordered(expr)) && table->row_labels(a) < table->row_labels(b);
  });
  std::erase_if(order, [&](std::size_t row) { return !any_present(table->row(row)); });
  answer.type = context.window().instant ? ValueType::kVector : ValueType::kMatrix;
  const double absent = stale_marker();
  answer.labels.reserve(order.size());
  answer.values.reserve(order.size() * grid.columns);
  for (const std::size_t row : order) {
    answer.labels.push_back(table->row_labels(row));
    const auto cells = table->row(row);
    for (const double cell : cells) answer.values.push_back(present(cell) ? cell : absent);
  }
  return ok();
}

// An instant query of a range: the samples themselves.
Status fill_ragged(Evaluator& evaluator, const Expr& expr, const Grid& grid, const Context& context,
                   Answer& answer) {
  const auto ranges = TRY(evaluator.ranges(expr, grid));
  answer.type = ValueType::kMatrix;
  Scratch scratch;
  std::vector<Labels> labels;
  std::vector<SampleBuffer> found;
  std::uint64_t cells = 0;
  for (std::size_t row = 0; row < ranges.samples->size(); ++row) {
    SampleBuffer all;
    TRY(ranges.samples->read(row, scratch, all));
    SampleBuffer inside;
    for_each_window(ranges.windows, all.timestamps_ms, 1, [&](std::size_t, std::size_t from, std::size_t to) {
      const auto at = [](auto& v, std::size_t i) { return v.begin() + static_cast<std::ptrdiff_t>(i); };
      inside.timestamps_ms.assign(at(all.timestamps_ms, from), at(all.timestamps_ms, to));
      inside.values.assign(at(all.values, from), at(all.values, to));
    });
    if (inside.size() == 0) continue;
    cells += inside.size();
    TRY(context.check_cells(1, cells, "the answer"));
    labels.push_back(ranges.samples->labels(row));
    found.push_back(std::move(inside));
  }
  const auto order =
      order_of(labels.size(), [&](std::size_t a, std::size_t b) { return labels[a] < labels[b]; });
  for (const std::size_t row : order) {
    answer.labels.push_back(std::move(labels[row]));
    answer.ragged.push_back(std::move(found[row]));
  }
  return ok();
}

Result<Answer> run_query(Store& store, const Expr& expr, std::string_view text, const QueryWindow& window,
                         const QueryOptions& options) {
  const Grid grid = TRY(grid_of(window, options.limits));
  const Context context(window, options, text);
  if (!window.instant && expr.type != ValueType::kScalar && expr.type != ValueType::kVector) {
    return invalid(
        fmt::format("invalid expression type \"{}\" for range query, must be scalar or instant vector",
                    to_string(expr.type)));
  }
  Evaluator evaluator(store, context, expr);
  Answer answer;
  answer.start_ms = grid.start_ms;
  answer.step_ms = grid.step_ms;
  answer.columns = grid.columns;
  switch (expr.type) {
    case ValueType::kString:
      answer.type = ValueType::kString;
      answer.text = std::get<StringLiteral>(unwrap(expr).node).value;
      break;
    case ValueType::kScalar:
      answer.type = window.instant ? ValueType::kScalar : ValueType::kMatrix;
      answer.values = TRY(evaluator.scalar(expr, grid));
      answer.labels.emplace_back();
      break;
    case ValueType::kVector: TRY(fill_vector(evaluator, expr, grid, context, answer)); break;
    case ValueType::kMatrix: TRY(fill_ragged(evaluator, expr, grid, context, answer)); break;
    case ValueType::kNone: return invalid("the expression has no type");
  }
  answer.warnings = context.warnings();
  answer.infos = context.infos();
  answer.stats = context.stats();
  answer.trace = evaluator.trace();
  return answer;
}

}  // namespace

Result<Answer> run(Store& store, const Expr& expr, const QueryWindow& window, const QueryOptions& options) {
  return run_query(store, expr, {}, window, options);
}

Result<Answer> run(Store& store, std::string_view query, const QueryWindow& window,
                   const QueryOptions& options) {
  const ExprPtr expr = TRY(parse(query));
  return run_query(store, *expr, query, window, options);
}

}  // namespace trimtab::promql
