// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/matcher.h"
#include "base/time.h"

namespace trimtab::promql {

enum class ValueType { kNone, kScalar, kVector, kMatrix, kString };
std::string_view to_string(ValueType type);  // "scalar", "instant vector", "range vector", "string"

// Where a node stands in the query text: bytes [start, end).
struct Span {
  std::size_t start = 0;
  std::size_t end = 0;
};

enum class BinaryOp {
  kAdd, kSub, kMul, kDiv, kMod, kPow, kAtan2,
  kEqual, kNotEqual, kGreater, kLess, kGreaterEqual, kLessEqual,
  kAnd, kOr, kUnless,
};
std::string_view to_string(BinaryOp op);
bool is_comparison(BinaryOp op);
bool is_set_operator(BinaryOp op);

enum class AggregateOp {
  kSum, kAvg, kCount, kMin, kMax, kGroup, kStddev, kStdvar, kTopk, kBottomk, kCountValues, kQuantile, kLimitk,
};
std::string_view to_string(AggregateOp op);
bool takes_parameter(AggregateOp op);

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

struct NumberLiteral {
  double value = 0;
};

struct StringLiteral {
  std::string value;
};

// "@ 1700000000", "@ start()", "@ end()", and "offset 5m", which may be negative.
struct TimeShift {
  enum class Anchor { kNone, kTimestamp, kStart, kEnd };
  DurationMs offset_ms = 0;
  Anchor anchor = Anchor::kNone;
  TimestampMs at_ms = 0;  // for kTimestamp
};

struct VectorSelector {
  std::string metric;   // the name before the braces or quoted alone inside; "" when none
  Matchers matchers;    // with __name__ when metric is given
  TimeShift shift;
};

struct MatrixSelector {
  VectorSelector vector;
  DurationMs range_ms = 0;
};

struct Subquery {
  ExprPtr expr;
  DurationMs range_ms = 0;
  DurationMs step_ms = 0;  // 0: the engine's default evaluation interval
  TimeShift shift;
};

struct Function;  // functions.h

struct Call {
  const Function* function = nullptr;
  std::vector<ExprPtr> arguments;
};

struct Aggregate {
  AggregateOp op = AggregateOp::kSum;
  ExprPtr expr;
  ExprPtr parameter;  // null when the operator takes none
  std::vector<std::string> grouping;
  bool without = false;
};

enum class Cardinality { kOneToOne, kManyToOne, kOneToMany, kManyToMany };

struct VectorMatching {
  Cardinality cardinality = Cardinality::kOneToOne;
  std::vector<std::string> labels;
  bool on = false;                    // on(labels); else ignoring(labels)
  std::vector<std::string> include;   // group_left(include) / group_right(include)
};

struct Binary {
  BinaryOp op = BinaryOp::kAdd;
  ExprPtr left;
  ExprPtr right;
  bool return_bool = false;
  std::optional<VectorMatching> matching;  // set when both sides are vectors
};

struct Unary {
  bool negate = false;
  ExprPtr expr;
};

struct Paren {
  ExprPtr expr;
};

// One node of a query. Built by parse(), immutable afterwards.
struct Expr {
  using Node = std::variant<NumberLiteral, StringLiteral, VectorSelector, MatrixSelector, Subquery, Call, Aggregate,
                            Binary, Unary, Paren>;
  Node node;
  ValueType type = ValueType::kNone;
  Span span;
};

// The canonical text of a query: one line, as Prometheus' format of the parsed expression.
std::string to_text(const Expr& expr);

}  // namespace trimtab::promql
