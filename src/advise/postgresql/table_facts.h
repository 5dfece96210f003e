// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "targets/postgresql/connection.h"

namespace trimtab::advise::postgresql {

struct TableName {
  std::string schema;
  std::string table;
  friend auto operator<=>(const TableName&, const TableName&) = default;
};

struct ColumnFacts {
  std::string type;        // as format_type prints it
  double distinct = 0;     // estimated count of distinct values; 0 = not analysed
  double null_share = 0;   // 0..1
  double width_bytes = 0;  // average
  double correlation = 0;  // physical order to value order, -1..1
};

struct IndexFacts {
  std::string schema;
  std::string name;
  std::string method;
  std::vector<std::string> keys;  // "" for an expression
  std::vector<bool> descending;   // as keys
  std::vector<std::string> include;
  std::string where;       // pg_get_expr
  std::string definition;  // pg_get_indexdef
  std::string signature;   // same for two indexes that hold the same: all but name, uniqueness
  bool unique = false;
  bool constraint = false;  // primary key, unique, exclusion, or replica identity: must stay
  bool referenced = false;  // a foreign key of another table relies on it
  bool valid = true;
  double bytes = 0;
  double scans = 0;  // since the statistics were reset
};

struct TableFacts {
  double rows = 0;  // the planner's count; by the bytes when never analysed
  double bytes = 0;
  bool plain = true;     // an ordinary table that is no partition: CREATE INDEX CONCURRENTLY works
  double hot_share = 0;  // of updates that touched no index, 0..1
  double inserted = 0;   // rows since the statistics were reset
  double updated = 0;
  double deleted = 0;
  double dead_rows = 0;
  double sequential_scans = 0;
  bool analysed = false;
  std::map<std::string, ColumnFacts> columns;
  std::vector<IndexFacts> indexes;
};

inline constexpr std::size_t kTablesMax = 5000;  // the largest, system schemas left out

// What the catalogue and the statistics know about the tables of this database. Three questions.
Result<std::map<TableName, TableFacts>> read_tables(trimtab::postgresql::Connection& connection);

// A text array as the server prints it with newlines between: its lines.
std::vector<std::string> lines_of_list(const std::string& text);

}  // namespace trimtab::advise::postgresql
