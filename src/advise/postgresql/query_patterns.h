// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "advise/advisor.h"
#include "advise/postgresql/plan.h"
#include "advise/postgresql/table_facts.h"
#include "advise/postgresql/workload.h"
#include "targets/target.h"

namespace trimtab::advise::postgresql {

enum class QueryPattern {
  kOffset,         // pages by OFFSET: the rows before the page are read and thrown away
  kOnePerRow,      // runs once for every row that another statement gave ("N+1")
  kNoLimit,        // gives very many rows a call
  kWrappedColumn,  // searches by an expression on a column that has an index
};

struct PatternMatch {
  QueryPattern pattern = QueryPattern::kOffset;
  std::size_t query = 0;   // of the workload
  std::size_t parent = 0;  // kOnePerRow: the statement whose rows it follows
  std::string column;      // kWrappedColumn: table.column
  std::string expression;  // kWrappedColumn
};

// What the counts and texts of a load show. `plans` by query of the workload, without nodes where not
// planned. Statements below kShareMin of the load's time are left out. Pure.
std::vector<PatternMatch> match_patterns(const Workload& workload, const std::vector<Plan>& plans,
                                         const std::map<TableName, TableFacts>& tables);

inline constexpr double kShareMin = 0.01;
inline constexpr double kRowsPerCallMany = 10'000;
inline constexpr double kChildCallsMin = 500;
inline constexpr double kParentRowsMin = 5;        // a call of the parent
inline constexpr double kChildMismatchMax = 0.05;  // child's calls against parent's rows

// "postgresql.statements": for people, nothing to execute: the rewrite is theirs. One for each target.
std::unique_ptr<Advisor> create_pattern_advisor(Target target, DurationMs window_min_ms = kWindowMinMs);

}  // namespace trimtab::advise::postgresql
