// SPDX-License-Identifier: Apache-2.0
#include "query/tree_json.h"

#include "base/json.h"
#include "query/answer_json.h"
#include "query/functions.h"

namespace trimtab::promql {
namespace {

std::string_view short_type(ValueType type) {
  switch (type) {
    case ValueType::kScalar: return "scalar";
    case ValueType::kVector: return "vector";
    case ValueType::kMatrix: return "matrix";
    case ValueType::kString: return "string";
    case ValueType::kNone: break;
  }
  return "none";
}

std::string_view card_word(Cardinality cardinality) {
  switch (cardinality) {
    case Cardinality::kOneToOne: return "one-to-one";
    case Cardinality::kManyToOne: return "many-to-one";
    case Cardinality::kOneToMany: return "one-to-many";
    case Cardinality::kManyToMany: return "many-to-many";
  }
  return "?";
}

std::string_view match_word(MatchOp op) {
  switch (op) {
    case MatchOp::kEqual: return "=";
    case MatchOp::kNotEqual: return "!=";
    case MatchOp::kRegex: return "=~";
    case MatchOp::kNotRegex: return "!~";
  }
  return "?";
}

// Writes one node; the object is already open and closed by the caller.
class TreeWriter {
 public:
  explicit TreeWriter(JsonWriter& json) : json_(json) {}

  void write(const Expr& expr) {
    json_.begin_object();
    std::visit(*this, expr.node);
    json_.end_object();
  }

  void operator()(const NumberLiteral& number) {
    std::string text;
    append_api_number(text, number.value);
    json_.field("type", "numberLiteral").field("val", text);
  }
  void operator()(const StringLiteral& text) {
    json_.field("type", "stringLiteral").field("val", text.value);
  }
  void operator()(const VectorSelector& selector) {
    json_.field("type", "vectorSelector");
    write_selector(selector);
  }
  void operator()(const MatrixSelector& selector) {
    json_.field("type", "matrixSelector").field("range", selector.range_ms);
    write_selector(selector.vector);
  }
  void operator()(const Subquery& subquery) {
    json_.field("type", "subquery").key("expr");
    write(*subquery.expr);
    json_.field("range", subquery.range_ms).field("step", subquery.step_ms);
    write_shift(subquery.shift);
  }
  void operator()(const Call& call) {
    json_.field("type", "call").key("func").begin_object().field("name", call.function->name);
    json_.key("argTypes").begin_array();
    for (const ValueType type : call.function->arguments) json_.value(short_type(type));
    // Prometheus: how many arguments may be added or left out, -1 for any number.
    json_.end_array().field("variadic", call.function->variadic ? -1 : call.function->optional);
    json_.field("returnType", short_type(call.function->result)).end_object();
    json_.key("args").begin_array();
    for (const ExprPtr& argument : call.arguments) write(*argument);
    json_.end_array();
  }
  void operator()(const Aggregate& aggregate) {
    json_.field("type", "aggregation").field("op", to_string(aggregate.op)).key("expr");
    write(*aggregate.expr);
    json_.key("param");
    write_or_null(aggregate.parameter);
    write_names("grouping", aggregate.grouping);
    json_.field("without", aggregate.without);
  }
  void operator()(const Binary& binary) {
    json_.field("type", "binaryExpr").field("op", to_string(binary.op)).key("lhs");
    write(*binary.left);
    json_.key("rhs");
    write(*binary.right);
    json_.key("matching");
    if (binary.matching) {
      json_.begin_object().field("card", card_word(binary.matching->cardinality));
      write_names("labels", binary.matching->labels);
      json_.field("on", binary.matching->on);
      write_names("include", binary.matching->include);
      json_.end_object();
    } else {
      json_.null();
    }
    json_.field("bool", binary.return_bool);
  }
  void operator()(const Unary& unary) {
    json_.field("type", "unaryExpr").field("op", unary.negate ? "-" : "+").key("expr");
    write(*unary.expr);
  }
  void operator()(const Paren& paren) {
    json_.field("type", "parenExpr").key("expr");
    write(*paren.expr);
  }

 private:
  void write_or_null(const ExprPtr& expr) {
    if (expr) {
      write(*expr);
    } else {
      json_.null();
    }
  }
  void write_names(std::string_view name, const std::vector<std::string>& names) {
    json_.key(name).begin_array();
    for (const std::string& one : names) json_.value(one);
    json_.end_array();
  }
  void write_selector(const VectorSelector& selector) {
    json_.field("name", selector.metric).key("matchers").begin_array();
    for (const Matcher& matcher : selector.matchers) {
      json_.begin_object().field("name", matcher.name()).field("value", matcher.value());
      json_.field("type", match_word(matcher.op())).end_object();
    }
    json_.end_array();
    write_shift(selector.shift);
  }
  void write_shift(const TimeShift& shift) {
    json_.field("offset", shift.offset_ms).key("timestamp");
    if (shift.anchor == TimeShift::Anchor::kTimestamp) {
      json_.value(shift.at_ms);
    } else {
      json_.null();
    }
    json_.key("startOrEnd");
    if (shift.anchor == TimeShift::Anchor::kStart || shift.anchor == TimeShift::Anchor::kEnd) {
      json_.value(shift.anchor == TimeShift::Anchor::kStart ? "start" : "end");
    } else {
      json_.null();
    }
  }

  JsonWriter& json_;
};

}  // namespace

std::string tree_json(const Expr& expr) {
  JsonWriter json;
  TreeWriter(json).write(expr);
  return json.take();
}

}  // namespace trimtab::promql
