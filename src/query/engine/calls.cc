// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "base/check.h"
#include "query/engine/aggregate.h"
#include "query/engine/evaluator.h"
#include "query/engine/histogram.h"
#include "query/engine/instant_functions.h"
#include "query/engine/label_functions.h"
#include "query/engine/quantile.h"
#include "query/engine/window_rows.h"

namespace trimtab::promql {
namespace {

std::string text_argument(const Call& node, std::size_t index) {
  return std::get<StringLiteral>(unwrap(*node.arguments[index]).node).value;
}

bool takes_range(const Function& function) {
  return std::find(function.arguments.begin(), function.arguments.end(), ValueType::kMatrix) !=
         function.arguments.end();
}

// What absent() can know about the series that are not there: labels that one equality matcher fixes.
Labels absent_labels(const Expr& argument) {
  const Expr& inside = unwrap(argument);
  const Matchers* matchers = nullptr;
  if (const auto* vector = std::get_if<VectorSelector>(&inside.node)) matchers = &vector->matchers;
  if (const auto* matrix = std::get_if<MatrixSelector>(&inside.node)) matchers = &matrix->vector.matchers;
  Labels out;
  if (matchers == nullptr) return out;
  std::set<std::string> seen;
  for (const Matcher& matcher : *matchers) {
    if (matcher.name() == kMetricName) continue;
    const bool first = matcher.op() == MatchOp::kEqual && seen.insert(matcher.name()).second;
    out = out.with(matcher.name(), first ? matcher.value() : "");
  }
  return out;
}

}  // namespace

Result<std::vector<Scalars>> Evaluator::scalar_arguments(const Call& node, const Grid& grid) {
  std::vector<Scalars> out;
  for (const ExprPtr& argument : node.arguments) {
    if (argument->type == ValueType::kScalar) out.push_back(TRY(scalar(*argument, grid)));
  }
  return out;
}

Result<Rows> Evaluator::call(const Call& node, const Expr& expr, const Grid& grid) {
  using F = FunctionId;
  if (takes_range(*node.function)) return range_call(node, expr, grid);
  switch (node.function->id) {
    case F::kVector: return rows_of_scalar(TRY(scalar(*node.arguments[0], grid)));
    case F::kAbsent: return absent(*node.arguments[0], TRY(vector(*node.arguments[0], grid)), grid);
    case F::kTimestamp: return timestamp(*node.arguments[0], grid);
    case F::kSort:
    case F::kSortDesc:
    case F::kSortByLabel:
    case F::kSortByLabelDesc: return sorted(node, grid);
    case F::kHistogramQuantile: {
      Scalars q = TRY(scalar(*node.arguments[0], grid));
      const Rows rows = TRY(vector(*node.arguments[1], grid));
      return histogram_quantile(std::move(q), rows, node.arguments[0]->span, node.arguments[1]->span, grid,
                                context_);
    }
    case F::kHistogramFraction: {
      Scalars lower = TRY(scalar(*node.arguments[0], grid));
      Scalars upper = TRY(scalar(*node.arguments[1], grid));
      const Rows rows = TRY(vector(*node.arguments[2], grid));
      return histogram_fraction(std::move(lower), std::move(upper), rows, node.arguments[2]->span, grid,
                                context_);
    }
    case F::kLabelReplace: {
      const Rows rows = TRY(vector(*node.arguments[0], grid));
      const LabelReplace replace{text_argument(node, 1), text_argument(node, 2), text_argument(node, 3),
                                 text_argument(node, 4)};
      return label_replace(replace, rows, expr.span, grid, context_);
    }
    case F::kLabelJoin: {
      const Rows rows = TRY(vector(*node.arguments[0], grid));
      LabelJoin join{text_argument(node, 1), text_argument(node, 2), {}};
      for (std::size_t i = 3; i < node.arguments.size(); ++i) join.from.push_back(text_argument(node, i));
      return label_join(join, rows, expr.span, grid, context_);
    }
    default: break;
  }
  // What is left changes values one by one. Dates without an argument are those of the step itself.
  auto scalars = TRY(scalar_arguments(node, grid));
  if (node.function->id == F::kRound && scalars.empty()) scalars.emplace_back(grid.columns, 1.0);
  auto apply = instant_function(node.function->id, std::move(scalars));
  CHECK(apply != nullptr, "function {} has no body", node.function->name);
  if (node.arguments.empty()) {
    Scalars now(grid.columns);
    for (std::size_t c = 0; c < grid.columns; ++c) now[c] = static_cast<double>(grid.at(c)) / 1000;
    apply(now);
    return rows_of_scalar(now);
  }
  Rows rows = TRY(vector(*node.arguments[0], grid));
  return without_duplicates(map_rows(std::move(rows), {std::move(apply), true}), grid, Duplicates::kMerge,
                            context_);
}

Result<Rows> Evaluator::range_call(const Call& node, const Expr& expr, const Grid& grid) {
  using F = FunctionId;
  const F id = node.function->id;
  const auto at = std::find_if(node.arguments.begin(), node.arguments.end(),
                               [](const ExprPtr& a) { return a->type == ValueType::kMatrix; });
  const Expr& argument = **at;
  auto scalars = TRY(scalar_arguments(node, grid));
  auto range = TRY(ranges(argument, grid));
  if (id == F::kQuantileOverTime && range.samples->size() > 0) {
    warn_bad_quantile(scalars[0], node.arguments[0]->span, context_);
  }
  if (id == F::kDoubleExponentialSmoothing && range.samples->size() > 0) {
    constexpr std::string_view kFactors[] = {"smoothing", "trend"};
    for (std::size_t i = 0; i < 2; ++i) {
      for (const double v : scalars[i]) {
        if (v > 0 && v < 1) continue;
        return invalid(fmt::format("{}: invalid {} factor. Expected: 0 < {} < 1, got: {}",
                                   context_.place(node.arguments[i + 1]->span), kFactors[i],
                                   i == 0 ? "sf" : "tf", v));
      }
    }
  }
  WindowRows::Options options;
  options.keep_name = id == F::kLastOverTime;
  options.counter = id == F::kRate || id == F::kIncrease;
  options.span = argument.span;
  const F counted = id == F::kAbsentOverTime ? F::kPresentOverTime : id;
  auto rows = std::make_shared<WindowRows>(range.samples, range.windows,
                                           window_function(counted, std::move(scalars)), options, context_);
  if (id == F::kAbsentOverTime) return absent(argument, rows, grid);
  (void)expr;
  return without_duplicates(std::move(rows), grid, Duplicates::kRefuse, context_);
}

Result<Rows> Evaluator::absent(const Expr& argument, const Rows& rows, const Grid& grid) {
  auto out = std::make_shared<Table>(grid.columns);
  const auto cells = out->add(absent_labels(argument));
  std::fill(cells.begin(), cells.end(), 1.0);
  Scratch scratch;
  std::vector<double> row(grid.columns);
  for (std::size_t i = 0; i < rows->size(); ++i) {
    TRY(rows->compute(i, scratch, row));
    for (std::size_t c = 0; c < grid.columns; ++c) {
      if (present(row[c])) cells[c] = kNoValue;
    }
    if (!any_present(cells)) break;
  }
  out->set_unique();
  return Rows(std::move(out));
}

// Of a selector the time of the sample itself, of anything else the step's.
Result<Rows> Evaluator::timestamp(const Expr& argument, const Grid& grid) {
  if (const auto* selector = std::get_if<VectorSelector>(&unwrap(argument).node)) {
    Rows rows = TRY(select_instant(store_, *selector, grid, SelectorValue::kTimestamp, context_));
    return without_duplicates(std::move(rows), grid, Duplicates::kMerge, context_);
  }
  Rows rows = TRY(vector(argument, grid));
  const auto to_time = [grid](std::span<double> row) {
    for (std::size_t c = 0; c < row.size(); ++c) {
      if (present(row[c])) row[c] = static_cast<double>(grid.at(c)) / 1000;
    }
  };
  return without_duplicates(map_rows(std::move(rows), {to_time, true}), grid, Duplicates::kMerge, context_);
}

// Order means something in an instant query only.
Result<Rows> Evaluator::sorted(const Call& node, const Grid& grid) {
  using F = FunctionId;
  const F id = node.function->id;
  const Rows rows = TRY(vector(*node.arguments[0], grid));
  if (!context_.window().instant || grid.columns != 1) return rows;
  const auto table = TRY(materialise(rows, grid, context_, node.function->name));
  std::vector<std::size_t> order(table->size());
  std::iota(order.begin(), order.end(), 0);
  const bool by_label = id == F::kSortByLabel || id == F::kSortByLabelDesc;
  const bool descending = id == F::kSortDesc || id == F::kSortByLabelDesc;
  std::vector<std::string> names;
  for (std::size_t i = 1; i < node.arguments.size(); ++i) names.push_back(text_argument(node, i));
  std::stable_sort(order.begin(), order.end(), [&](std::size_t x, std::size_t y) {
    if (by_label) {
      const Labels& a = table->row_labels(descending ? y : x);
      const Labels& b = table->row_labels(descending ? x : y);
      for (const std::string& name : names) {
        if (a.get(name) != b.get(name)) return natural_less(a.get(name), b.get(name));
      }
      return a < b;
    }
    const double a = table->row(x)[0];
    const double b = table->row(y)[0];
    if (std::isnan(a) || std::isnan(b)) return !std::isnan(a) && std::isnan(b);
    return descending ? a > b : a < b;
  });
  auto out = std::make_shared<Table>(grid.columns);
  for (const std::size_t row : order) out->add(table->row_labels(row))[0] = table->row(row)[0];
  if (table->unique()) out->set_unique();
  return Rows(std::move(out));
}

}  // namespace trimtab::promql
