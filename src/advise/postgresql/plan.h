// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace trimtab::advise::postgresql {

// One node of EXPLAIN (FORMAT JSON, VERBOSE). Texts are the server's own.
struct PlanNode {
  std::string type;          // "Index Scan"
  std::string relationship;  // to its parent: "Outer", "Inner", "InitPlan", "SubPlan", ...; "" of the first
  std::string operation;     // of ModifyTable: "Insert", "Update", "Delete"
  std::string schema;        // of nodes that read or write a relation
  std::string relation;
  std::string alias;
  std::string index;       // index scans
  double cost_total = 0;   // planner's units, children included
  double rows = 0;         // estimated, per loop
  bool presorted = false;  // Incremental Sort
  std::vector<std::string>
      conditions;                    // Filter, Index Cond, Recheck Cond, Hash Cond, Merge Cond, Join Filter
  std::vector<std::string> filters;  // of these: what is checked row by row after a scan
  std::vector<std::string> sort_keys;
  std::vector<std::string> group_keys;
  std::vector<std::string> output;
  int parent = -1;  // index into Plan::nodes
};

// A plan, parents before children. A value.
struct Plan {
  std::vector<PlanNode> nodes;  // never empty
  double cost() const { return nodes.front().cost_total; }
};

inline constexpr std::size_t kPlanNodesMax = 2000;
inline constexpr std::size_t kPlanBytesMax = 8 << 20;

// Reads the server's JSON. Errors: kInvalid with what is missing, kLimit.
Result<Plan> read_plan(std::string_view json);

}  // namespace trimtab::advise::postgresql
