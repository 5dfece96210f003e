// SPDX-License-Identifier: Apache-2.0
#include "advise/postgresql/plan.h"

#include <fmt/format.h>
#include <simdjson.h>

namespace trimtab::advise::postgresql {

namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

std::string text_of(const object& node, const char* key) {
  std::string_view value;
  return node[key].get(value) == simdjson::SUCCESS ? std::string(value) : std::string();
}

double number_of(const object& node, const char* key) {
  double value = 0;
  return node[key].get(value) == simdjson::SUCCESS ? value : 0;
}

std::vector<std::string> texts_of(const object& node, const char* key) {
  std::vector<std::string> out;
  array values;
  if (node[key].get(values) != simdjson::SUCCESS) return out;
  for (const element value : values) {
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS) out.emplace_back(text);
  }
  return out;
}

PlanNode node_of(const object& in, int parent) {
  PlanNode node;
  node.type = text_of(in, "Node Type");
  node.relationship = text_of(in, "Parent Relationship");
  node.operation = text_of(in, "Operation");
  node.schema = text_of(in, "Schema");
  node.relation = text_of(in, "Relation Name");
  node.alias = text_of(in, "Alias");
  node.index = text_of(in, "Index Name");
  node.cost_total = number_of(in, "Total Cost");
  node.rows = number_of(in, "Plan Rows");
  for (const char* key :
       {"Filter", "Index Cond", "Recheck Cond", "Hash Cond", "Merge Cond", "Join Filter", "TID Cond"}) {
    std::string text = text_of(in, key);
    if (text.empty()) continue;
    if (std::string_view(key) == "Filter") node.filters.push_back(text);
    node.conditions.push_back(std::move(text));
  }
  node.sort_keys = texts_of(in, "Sort Key");
  node.presorted = !texts_of(in, "Presorted Key").empty();
  node.group_keys = texts_of(in, "Group Key");
  node.output = texts_of(in, "Output");
  node.parent = parent;
  return node;
}

Status read_nodes(const object& top, Plan& plan) {
  std::vector<std::pair<object, int>> open = {{top, -1}};
  while (!open.empty()) {
    const auto [in, parent] = open.back();
    open.pop_back();
    if (plan.nodes.size() >= kPlanNodesMax) {
      return fail(ErrorCode::kLimit, fmt::format("a plan of more than {} nodes", kPlanNodesMax));
    }
    const int index = static_cast<int>(plan.nodes.size());
    plan.nodes.push_back(node_of(in, parent));
    array children;
    if (in["Plans"].get(children) != simdjson::SUCCESS) continue;
    const std::size_t first = open.size();
    for (const element child : children) {
      object node;
      if (child.get(node) == simdjson::SUCCESS) open.emplace_back(node, index);
    }
    std::reverse(open.begin() + static_cast<std::ptrdiff_t>(first), open.end());
  }
  return ok();
}

}  // namespace

Result<Plan> read_plan(std::string_view json) {
  if (json.size() > kPlanBytesMax) {
    return fail(ErrorCode::kLimit, fmt::format("a plan of {} bytes; at most {}", json.size(), kPlanBytesMax));
  }
  simdjson::dom::parser parser;
  element document;
  array answers;
  object first, top;
  if (parser.parse(json.data(), json.size()).get(document) != simdjson::SUCCESS ||
      document.get(answers) != simdjson::SUCCESS || answers.size() == 0 ||
      answers.at(0).get(first) != simdjson::SUCCESS || first["Plan"].get(top) != simdjson::SUCCESS) {
    return invalid("an answer of EXPLAIN without a plan");
  }
  Plan plan;
  TRY(read_nodes(top, plan));
  return plan;
}

}  // namespace trimtab::advise::postgresql
