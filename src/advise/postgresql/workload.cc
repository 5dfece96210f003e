// SPDX-License-Identifier: Apache-2.0
#include "advise/postgresql/workload.h"

#include <fmt/format.h>

#include <algorithm>

#include "advise/postgresql/sql_tokens.h"
#include "targets/postgresql/statement_columns.h"

namespace trimtab::advise::postgresql {

using trimtab::postgresql::Connection;
using trimtab::postgresql::quote_name;
using trimtab::postgresql::Rows;

namespace {

// Every relation it names is the system's: monitoring, ours or another's, and no load to tune.
bool is_about_system(std::string_view text) {
  bool system = false;
  const std::vector<Token> tokens = sql_tokens(text);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const Token& token = tokens[i];
    const bool after = i > 0 && (tokens[i - 1].is_word("from") || tokens[i - 1].is_word("join"));
    if (!after || !token.is_name()) continue;
    const std::string name = token.name();
    const bool call = i + 1 < tokens.size() && tokens[i + 1].is_symbol("(");
    if (call) continue;
    if (!name.starts_with("pg_") && name != "information_schema") return false;
    system = true;
  }
  return system;
}

}  // namespace

Result<StatementSnapshot> read_statements(Connection& connection) {
  const Rows home = TRY(connection.query(
      "SELECT n.nspname, current_database(), "
      "(extract(epoch FROM clock_timestamp()) * 1000)::bigint, e.extversion FROM pg_extension e "
      "JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'"));
  if (home.size() == 0) {
    return fail(
        ErrorCode::kNotFound,
        "pg_stat_statements is not in this database: add it to shared_preload_libraries, restart, and "
        "run CREATE EXTENSION pg_stat_statements");
  }
  StatementSnapshot out;
  out.database = home.text(0, 1);
  out.at_ms = home.integer(0, 2);
  const std::string schema = home.text(0, 0);
  const auto columns = trimtab::postgresql::statement_columns(home.text(0, 3));
  if (columns.has_info) {
    const Rows info = TRY(connection.query(
        fmt::format("SELECT dealloc, (extract(epoch FROM stats_reset) * 1000)::bigint FROM {}",
                    quote_name(schema, "pg_stat_statements_info"))));
    if (info.size() > 0) out.dropped = info.number(0, 0), out.reset_ms = info.integer(0, 1);
  }
  const Rows rows = TRY(connection.query(
      fmt::format("SELECT queryid, query, sum(calls), sum({}) / 1000, sum(rows), "
                  "sum(temp_blks_written) * current_setting('block_size')::float8 FROM {} s "
                  "JOIN pg_database d ON d.oid = s.dbid "
                  "WHERE d.datname = current_database() AND queryid IS NOT NULL AND query IS NOT NULL "
                  "GROUP BY queryid, query ORDER BY 4 DESC LIMIT 10000",
                  columns.execution_time, quote_name(schema, "pg_stat_statements"))));
  for (std::size_t row = 0; row < rows.size(); ++row) {
    StatementCounts& counts = out.by_id[rows.text(row, 0)];
    if (counts.text.empty()) counts.text = rows.text(row, 1);
    counts.calls += rows.number(row, 2);
    counts.seconds += rows.number(row, 3);
    counts.rows += rows.number(row, 4);
    counts.temp_bytes_written += rows.number(row, 5);
  }
  return out;
}

Workload workload_between(const StatementSnapshot* from, const StatementSnapshot& to) {
  Workload out;
  out.database = to.database;
  out.since_reset = from == nullptr;
  const TimestampMs begin = from ? from->at_ms : to.reset_ms;
  out.window_ms = begin > 0 && begin < to.at_ms ? to.at_ms - begin : 0;
  out.dropped = to.dropped - (from ? std::min(from->dropped, to.dropped) : 0);
  for (const auto& [id, counts] : to.by_id) {
    StatementCounts before;
    if (from) {
      const auto found = from->by_id.find(id);
      // Fewer calls than before: the entry was dropped and made anew; all of it is new.
      if (found != from->by_id.end() && found->second.calls <= counts.calls) before = found->second;
    }
    if (counts.calls <= before.calls) continue;
    WorkloadQuery query{
        .id = id,
        .statement = read_statement(counts.text),
        .text = counts.text,
        .calls = counts.calls - before.calls,
        .seconds = std::max(0.0, counts.seconds - before.seconds),
        .rows = std::max(0.0, counts.rows - before.rows),
        .temp_bytes_written = std::max(0.0, counts.temp_bytes_written - before.temp_bytes_written)};
    if (query.statement.kind == StatementKind::kOther || query.statement.is_ours) continue;
    if (is_about_system(query.text)) continue;
    out.seconds += query.seconds;
    out.queries.push_back(std::move(query));
  }
  std::ranges::sort(out.queries, [](const WorkloadQuery& a, const WorkloadQuery& b) {
    return a.seconds != b.seconds ? a.seconds > b.seconds : a.id < b.id;
  });
  if (out.queries.size() > kQueriesMax) out.queries.resize(kQueriesMax);
  double covered = 0;
  for (const WorkloadQuery& query : out.queries) covered += query.seconds;
  out.covered_share = out.seconds > 0 ? covered / out.seconds : 1;
  return out;
}

Workload SnapshotHistory::add(StatementSnapshot snapshot) {
  while (!kept_.empty() &&
         (kept_.front().reset_ms != snapshot.reset_ms || kept_.front().at_ms > snapshot.at_ms)) {
    kept_.pop_front();
  }
  // The oldest that is not too old; one older than that stays until the next can take its place.
  while (kept_.size() >= 2 && snapshot.at_ms - kept_.front().at_ms > kKeptMs &&
         snapshot.at_ms - kept_[1].at_ms >= window_min_ms_) {
    kept_.pop_front();
  }
  const bool usable = !kept_.empty() && snapshot.at_ms - kept_.front().at_ms >= window_min_ms_;
  Workload out = workload_between(usable ? &kept_.front() : nullptr, snapshot);
  if (kept_.size() >= kSnapshotsMax) kept_.erase(kept_.begin() + kSnapshotsMax / 2);
  kept_.push_back(std::move(snapshot));
  return out;
}

}  // namespace trimtab::advise::postgresql
