// SPDX-License-Identifier: Apache-2.0
#include "query/ast.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "query/functions.h"

namespace trimtab::promql {
namespace {

constexpr std::array<std::string_view, 5> kTypes{"none", "scalar", "instant vector", "range vector",
                                                 "string"};
constexpr std::array<std::string_view, 16> kBinary{
    "+", "-", "*", "/", "%", "^", "atan2", "==", "!=", ">", "<", ">=", "<=", "and", "or", "unless"};
constexpr std::array<std::string_view, 13> kAggregates{
    "sum",    "avg",  "count",   "min",          "max",      "group", "stddev",
    "stdvar", "topk", "bottomk", "count_values", "quantile", "limitk"};

std::string number_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

// Quoted, so that it reads back: bytes that are not UTF-8 (only "\\x.." in a query can make them) as they
// were written.
std::string escape_bytes(std::string text) {
  if (is_valid_utf8(text)) return text;
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x80 ? std::string(1, c) : fmt::format("\\x{:02x}", byte);
  }
  return out;
}
std::string quoted(std::string_view text) { return escape_bytes(quote_label_value(text)); }

std::string join(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) {
    if (!out.empty()) out += ", ";
    out += is_plain_label_name(name) ? name : quoted(name);
  }
  return out;
}

std::string shift_text(const TimeShift& shift) {
  std::string out;
  if (shift.anchor == TimeShift::Anchor::kTimestamp)
    out += fmt::format(" @ {:.3f}", static_cast<double>(shift.at_ms) / 1000);
  if (shift.anchor == TimeShift::Anchor::kStart) out += " @ start()";
  if (shift.anchor == TimeShift::Anchor::kEnd) out += " @ end()";
  if (shift.offset_ms > 0) out += " offset " + format_duration(shift.offset_ms);
  if (shift.offset_ms < 0) out += " offset -" + format_duration(-shift.offset_ms);
  return out;
}

std::string selector_text(const VectorSelector& selector) {
  const bool plain = is_plain_metric_name(selector.metric);
  std::string body;
  if (!selector.metric.empty() && !plain) body = quoted(selector.metric);
  for (const Matcher& matcher : selector.matchers) {
    if (matcher.name() == kMetricName && matcher.op() == MatchOp::kEqual &&
        matcher.value() == selector.metric)
      continue;
    if (!body.empty()) body += ",";
    body += escape_bytes(matcher.to_string());
  }
  const std::string name = plain ? selector.metric : std::string();
  return body.empty() ? name : name + "{" + body + "}";
}

std::string matching_text(const Binary& binary) {
  std::string out = binary.return_bool ? " bool" : "";
  if (!binary.matching) return out;
  const VectorMatching& m = *binary.matching;
  const bool grouped = m.cardinality == Cardinality::kManyToOne || m.cardinality == Cardinality::kOneToMany;
  if (m.on || !m.labels.empty() || grouped)
    out += fmt::format(" {} ({})", m.on ? "on" : "ignoring", join(m.labels));
  if (grouped) {
    out += fmt::format(" {} ({})", m.cardinality == Cardinality::kManyToOne ? "group_left" : "group_right",
                       join(m.include));
  }
  return out;
}

struct Printer {
  std::string operator()(const NumberLiteral& n) const { return number_text(n.value); }
  std::string operator()(const StringLiteral& s) const { return quoted(s.value); }
  std::string operator()(const VectorSelector& v) const { return selector_text(v) + shift_text(v.shift); }
  std::string operator()(const MatrixSelector& m) const {
    return fmt::format("{}[{}]{}", selector_text(m.vector), format_duration(m.range_ms),
                       shift_text(m.vector.shift));
  }
  std::string operator()(const Subquery& s) const {
    return fmt::format("{}[{}:{}]{}", to_text(*s.expr), format_duration(s.range_ms),
                       s.step_ms > 0 ? format_duration(s.step_ms) : "", shift_text(s.shift));
  }
  std::string operator()(const Call& c) const {
    std::string arguments;
    for (const ExprPtr& argument : c.arguments) {
      if (!arguments.empty()) arguments += ", ";
      arguments += to_text(*argument);
    }
    return fmt::format("{}({})", c.function->name, arguments);
  }
  std::string operator()(const Aggregate& a) const {
    std::string out(to_string(a.op));
    if (a.without || !a.grouping.empty())
      out += fmt::format(" {} ({}) ", a.without ? "without" : "by", join(a.grouping));
    return out + "(" + (a.parameter ? to_text(*a.parameter) + ", " : "") + to_text(*a.expr) + ")";
  }
  std::string operator()(const Binary& b) const {
    return fmt::format("{} {}{} {}", to_text(*b.left), to_string(b.op), matching_text(b), to_text(*b.right));
  }
  std::string operator()(const Unary& u) const { return (u.negate ? "-" : "+") + to_text(*u.expr); }
  std::string operator()(const Paren& p) const { return "(" + to_text(*p.expr) + ")"; }
};

}  // namespace

std::string_view to_string(ValueType type) { return kTypes[static_cast<std::size_t>(type)]; }
std::string_view to_string(BinaryOp op) { return kBinary[static_cast<std::size_t>(op)]; }
std::string_view to_string(AggregateOp op) { return kAggregates[static_cast<std::size_t>(op)]; }
bool is_comparison(BinaryOp op) { return op >= BinaryOp::kEqual && op <= BinaryOp::kLessEqual; }
bool is_set_operator(BinaryOp op) { return op >= BinaryOp::kAnd; }
bool takes_parameter(AggregateOp op) {
  return op == AggregateOp::kTopk || op == AggregateOp::kBottomk || op == AggregateOp::kCountValues ||
         op == AggregateOp::kQuantile || op == AggregateOp::kLimitk;
}

std::string to_text(const Expr& expr) { return std::visit(Printer{}, expr.node); }

}  // namespace trimtab::promql
