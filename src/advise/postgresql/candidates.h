// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "advise/postgresql/plan.h"
#include "advise/postgresql/predicates.h"
#include "advise/postgresql/table_facts.h"
#include "targets/postgresql/index_statement.h"

namespace trimtab::advise::postgresql {

// How one query uses one table, under one alias. Columns by name; each list without repeats, in the order
// that makes the better index: of equalities the one with more distinct values first.
struct TableUse {
  TableName table;
  std::vector<std::string> equality;  // = constant, IN
  std::vector<std::string> join;      // = a column of another table
  std::vector<std::string> range;
  std::vector<std::string> alternatives;                   // below OR: each may be searched for alone
  std::vector<trimtab::postgresql::IndexSpec::Key> order;  // ORDER BY of this table alone
  std::vector<std::string> group;
  std::set<std::string> all;  // every column it reads; `complete` says whether that is known
  bool complete = true;
  std::vector<std::string>
      constants;  // predicates without parameters, for partial indexes: "deleted" IS NULL
};

// The uses a plan shows. Tables without facts (system tables, foreign ones) are left out.
std::vector<TableUse> uses_of(const Plan& plan, const std::map<TableName, TableFacts>& tables);

// Indexes that could serve the uses of one query, best guess first, no repeats: equality columns, then one
// range column or the order, joins before and after; each used column alone; for sharing between queries
// the permutations of few equality columns; covering and partial forms. Left out: what an index that exists
// serves already, tables where CREATE INDEX CONCURRENTLY does not work, columns too wide for a B-tree.
std::vector<trimtab::postgresql::IndexSpec> candidates_for(const std::vector<TableUse>& uses,
                                                           const std::map<TableName, TableFacts>& tables);

inline constexpr std::size_t kKeysMax = 4;                 // of a candidate
inline constexpr std::size_t kCandidatesPerQueryMax = 48;  // further ones are left out
inline constexpr double kKeyWidthMaxBytes = 200;     // average; a B-tree entry holds 2,704 bytes at most
inline constexpr double kIncludeWidthMaxBytes = 64;  // of all INCLUDE columns together
inline constexpr double kTableRowsMin = 1000;        // a smaller table is read whole anyway

// Could such an index change the plan of a query with these uses? It is on a table of it, begins with a
// column that is read there, and its predicate is among the query's.
bool may_change(const trimtab::postgresql::IndexSpec& spec, const std::vector<TableUse>& uses);

// Does such an index hold every column that one of the uses reads of its table?
bool covers(const trimtab::postgresql::IndexSpec& spec, const std::vector<TableUse>& uses);

// Does `index` give every search and order that `wanted` gives? Its keys begin with those of `wanted`, it
// covers as much and holds all rows.
bool serves(const IndexFacts& index, const trimtab::postgresql::IndexSpec& wanted);

}  // namespace trimtab::advise::postgresql
