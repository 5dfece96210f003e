// SPDX-License-Identifier: Apache-2.0
#include "advise/postgresql/write_load.h"

#include <algorithm>

namespace trimtab::advise::postgresql {

namespace {

double entry_seconds(const TableFacts& facts, const std::vector<WriteStatement>& writes,
                     const Workload& workload) {
  double seconds = 0, rows = 0;
  for (const WriteStatement& write : writes) {
    if (write.kind != StatementKind::kInsert) continue;
    seconds += workload.queries[write.query].seconds;
    rows += workload.queries[write.query].rows;
  }
  if (rows <= 0) return kEntrySeconds;
  const double parts = 1 + static_cast<double>(facts.indexes.size());
  return std::clamp(seconds / rows / parts, kEntrySecondsMin, kEntrySecondsMax);
}

}  // namespace

std::map<TableName, std::vector<WriteStatement>> writes_of(const Workload& workload,
                                                           const std::map<TableName, TableFacts>& tables) {
  std::map<TableName, std::vector<WriteStatement>> out;
  for (std::size_t i = 0; i < workload.queries.size(); ++i) {
    const WorkloadQuery& query = workload.queries[i];
    const StatementText& statement = query.statement;
    if (statement.write_table.empty()) continue;
    for (const auto& [name, facts] : tables) {
      if (name.table != statement.write_table) continue;
      if (!statement.write_schema.empty() && name.schema != statement.write_schema) continue;
      out[name].push_back({i, statement.kind, workload.per_second(query.rows), statement.set_columns});
    }
  }
  return out;
}

double write_seconds_per_second(const trimtab::postgresql::IndexSpec& spec, const TableFacts& facts,
                                const std::vector<WriteStatement>& writes, const Workload& workload) {
  const auto holds = [&](const std::string& column) {
    return std::ranges::find(spec.keys, column, &trimtab::postgresql::IndexSpec::Key::column) !=
               spec.keys.end() ||
           std::ranges::find(spec.include, column) != spec.include.end();
  };
  double entries = 0;
  for (const WriteStatement& write : writes) {
    if (write.kind == StatementKind::kInsert) entries += write.rows_per_second;
    if (write.kind == StatementKind::kDelete) entries += 0.5 * write.rows_per_second;
    if (write.kind == StatementKind::kUpdate) {
      const bool sets = std::ranges::any_of(write.columns, holds);
      entries += write.rows_per_second * (sets ? 1 : 1 - facts.hot_share);
    }
  }
  return entries * entry_seconds(facts, writes, workload);
}

}  // namespace trimtab::advise::postgresql
