// SPDX-License-Identifier: Apache-2.0
#include "query/pretty.h"

#include <fmt/format.h>

#include "query/functions.h"

namespace trimtab::promql {
namespace {

std::string names(const std::vector<std::string>& all) {
  std::string out;
  for (const std::string& name : all) {
    if (!out.empty()) out += ", ";
    out += is_plain_label_name(name) ? name : quote_label_value(name);
  }
  return out;
}

// Nodes of the tree under `expr`, counted up to just above a line's bytes: each node has at least one byte.
std::size_t nodes_of(const Expr& expr, std::size_t so_far = 0) {
  const auto add = [&](const ExprPtr& child) {
    if (child && so_far <= kPrettyLineBytes) so_far = nodes_of(*child, so_far);
  };
  ++so_far;
  if (const auto* call = std::get_if<Call>(&expr.node)) {
    for (const ExprPtr& argument : call->arguments) add(argument);
  } else if (const auto* aggregate = std::get_if<Aggregate>(&expr.node)) {
    add(aggregate->parameter);
    add(aggregate->expr);
  } else if (const auto* binary = std::get_if<Binary>(&expr.node)) {
    add(binary->left);
    add(binary->right);
  } else if (const auto* paren = std::get_if<Paren>(&expr.node)) {
    add(paren->expr);
  } else if (const auto* unary = std::get_if<Unary>(&expr.node)) {
    add(unary->expr);
  } else if (const auto* subquery = std::get_if<Subquery>(&expr.node)) {
    add(subquery->expr);
  }
  return so_far;
}

std::string operator_text(const Binary& binary) {
  std::string out(to_string(binary.op));
  if (binary.return_bool) out += " bool";
  if (!binary.matching) return out;
  const VectorMatching& m = *binary.matching;
  const bool left = m.cardinality == Cardinality::kManyToOne;
  const bool grouped = left || m.cardinality == Cardinality::kOneToMany;
  if (m.on || !m.labels.empty() || grouped)
    out += fmt::format(" {} ({})", m.on ? "on" : "ignoring", names(m.labels));
  if (grouped) out += fmt::format(" {} ({})", left ? "group_left" : "group_right", names(m.include));
  return out;
}

std::string pretty(const Expr& expr, std::size_t depth);

// One text a level deeper on its own lines.
struct Breaker {
  std::size_t depth;
  const Expr& whole;

  std::string indent(std::size_t more = 0) const { return std::string(2 * (depth + more), ' '); }

  // "name(" arguments ")" with each argument on its own line.
  std::string call(std::string_view head, const std::vector<const Expr*>& arguments) const {
    std::string out = fmt::format("{}{}(\n", indent(), head);
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      out += pretty(*arguments[i], depth + 1);
      out += i + 1 < arguments.size() ? ",\n" : "\n";
    }
    return out + indent() + ")";
  }

  std::string operator()(const Call& node) const {
    std::vector<const Expr*> arguments;
    for (const ExprPtr& argument : node.arguments) arguments.push_back(argument.get());
    if (arguments.empty()) return indent() + to_text(whole);
    return call(node.function->name, arguments);
  }
  std::string operator()(const Aggregate& node) const {
    std::string head(to_string(node.op));
    if (node.without || !node.grouping.empty())
      head += fmt::format(" {} ({}) ", node.without ? "without" : "by", names(node.grouping));
    std::vector<const Expr*> arguments;
    if (node.parameter) arguments.push_back(node.parameter.get());
    arguments.push_back(node.expr.get());
    return call(head, arguments);
  }
  std::string operator()(const Binary& node) const {
    return fmt::format("{}\n{}{}\n{}", pretty(*node.left, depth + 1), indent(), operator_text(node),
                       pretty(*node.right, depth + 1));
  }
  std::string operator()(const Paren& node) const {
    return fmt::format("{}(\n{}\n{})", indent(), pretty(*node.expr, depth + 1), indent());
  }
  std::string operator()(const Unary& node) const {
    const std::string inner = pretty(*node.expr, depth);
    return indent() + (node.negate ? "-" : "+") + inner.substr(indent().size());
  }
  std::string operator()(const Subquery& node) const {
    // The part in brackets follows the inner text.
    const std::string tail = to_text(whole).substr(to_text(*node.expr).size());
    return pretty(*node.expr, depth) + tail;
  }
  template <typename Leaf>
  std::string operator()(const Leaf&) const {
    return indent() + to_text(whole);
  }
};

std::string pretty(const Expr& expr, std::size_t depth) {
  if (nodes_of(expr) <= kPrettyLineBytes) {
    std::string line = to_text(expr);
    if (line.size() <= kPrettyLineBytes) return std::string(2 * depth, ' ') + line;
  }
  return std::visit(Breaker{depth, expr}, expr.node);
}

}  // namespace

std::string to_pretty_text(const Expr& expr) {
  std::string line = to_text(expr);
  return line.size() > kPrettyTextBytesMax ? line : pretty(expr, 0);
}

}  // namespace trimtab::promql
