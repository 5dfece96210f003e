// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "advise/postgresql/table_facts.h"
#include "advise/postgresql/workload.h"
#include "targets/postgresql/index_statement.h"

namespace trimtab::advise::postgresql {

// What one statement writes to a table.
struct WriteStatement {
  std::size_t query = 0;  // of the workload
  StatementKind kind = StatementKind::kInsert;
  double rows_per_second = 0;
  std::vector<std::string> columns;  // UPDATE: that it sets
};

// Writes by table, as the statements' texts name it. A name without schema that fits several tables counts
// for each: rather too much write cost than too little.
std::map<TableName, std::vector<WriteStatement>> writes_of(const Workload& workload,
                                                           const std::map<TableName, TableFacts>& tables);

// Seconds a second that keeping such an index up to date would take: entries a second times the time of one.
// Entries: one per inserted row; per updated row one when the statement sets a column of the index, else the
// share of updates that were not heap-only; half a one per deleted row (vacuum). Time of an entry: of the
// INSERTs seen on the table, time per row shared evenly among the table and its indexes; without INSERTs
// kEntrySeconds. A model, coarse on purpose; the guard of the verify plan measures the truth.
double write_seconds_per_second(const trimtab::postgresql::IndexSpec& spec, const TableFacts& facts,
                                const std::vector<WriteStatement>& writes, const Workload& workload);

// Assumed, not measured: a B-tree insertion with its log record, pages mostly in memory. A measured time is
// held to the range, so that one odd statement does not decide.
inline constexpr double kEntrySeconds = 20e-6;
inline constexpr double kEntrySecondsMin = 2e-6;
inline constexpr double kEntrySecondsMax = 500e-6;

}  // namespace trimtab::advise::postgresql
