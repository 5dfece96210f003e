// SPDX-License-Identifier: Apache-2.0
#include "advise/postgresql/vacuum.h"

#include <fmt/format.h>

#include "advise/postgresql/database_advisor.h"
#include "advise/postgresql/query_metrics.h"
#include "advise/series.h"
#include "base/format.h"

namespace trimtab::advise::postgresql {

using trimtab::postgresql::Connection;
using trimtab::postgresql::quote_name;
using trimtab::postgresql::Rows;

namespace {

class VacuumAdvisor final : public DatabaseAdvisor {
 public:
  explicit VacuumAdvisor(Target target) : DatabaseAdvisor(std::move(target), "postgresql.vacuum") {}

 protected:
  Result<std::vector<Recommendation>> look(Connection& connection, const AdvisedDatabase& where,
                                           const Context&) override {
    const Rows rows = TRY(connection.query(
        "SELECT s.schemaname, s.relname, s.n_live_tup, s.n_dead_tup, pg_table_size(s.relid), "
        "coalesce((SELECT option_value::float8 FROM pg_options_to_table(c.reloptions) WHERE option_name = "
        "  'autovacuum_vacuum_threshold'), current_setting('autovacuum_vacuum_threshold')::float8), "
        "coalesce((SELECT option_value::float8 FROM pg_options_to_table(c.reloptions) WHERE option_name = "
        "  'autovacuum_vacuum_scale_factor'), current_setting('autovacuum_vacuum_scale_factor')::float8) "
        "FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid WHERE s.n_dead_tup > 0 "
        "ORDER BY s.n_dead_tup DESC, s.relid LIMIT 200"));
    std::vector<VacuumFacts> tables;
    for (std::size_t row = 0; row < rows.size(); ++row) {
      tables.push_back({rows.text(row, 0), rows.text(row, 1), rows.number(row, 2), rows.number(row, 3),
                        rows.number(row, 4), rows.number(row, 5), rows.number(row, 6)});
    }
    const Rows oldest = TRY(
        connection.query("SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0) "
                         "FROM pg_stat_activity WHERE backend_xmin IS NOT NULL OR backend_xid IS NOT NULL"));
    std::vector<Recommendation> out;
    for (const VacuumAdvice& advice : advise_vacuum(tables)) {
      out.push_back(recommendation(advice, oldest.number(0, 0), where));
    }
    return out;
  }

 private:
  static Recommendation recommendation(const VacuumAdvice& advice, double oldest_seconds,
                                       const AdvisedDatabase& where) {
    const VacuumFacts& facts = advice.facts;
    Recommendation out;
    out.fingerprint =
        fmt::format("postgresql.vacuum|{}|{}|{}.{}", where.target, where.database, facts.schema, facts.table);
    out.evidence = {
        {"dead rows",
         fmt::format("{} beside {} live ones", format_number(facts.dead_rows), format_number(facts.rows)),
         "pg_stat_user_tables"},
        {"autovacuum starts at", format_number(facts.due()) + " dead rows",
         "pg_settings, storage parameters"},
        {"oldest transaction", format_with_unit(oldest_seconds, "seconds"), "pg_stat_activity"}};
    if (advice.scale_factor == 0) {
      out.title = fmt::format("Find out why autovacuum does not get to {}", facts.table);
      out.why =
          "It has been due for long. A long transaction, a replication slot or a lock may hold it up, or the "
          "workers are too few or too slow (autovacuum_max_workers, autovacuum_vacuum_cost_limit).";
      return out;
    }
    const std::string value = fmt::format("{}", advice.scale_factor);
    out.title = fmt::format("Vacuum {} sooner", facts.table);
    out.why =
        "Autovacuum waits for a share of the table's rows to die; for a table of this size that is many rows "
        "that every scan passes over.";
    out.action = {
        .type = "postgresql.table_set",
        .target = where.target,
        .parameters = {{"schema", facts.schema},
                       {"table", facts.table},
                       {"setting", "autovacuum_vacuum_scale_factor"},
                       {"value", value}},
        .apply = fmt::format("ALTER TABLE {} SET (autovacuum_vacuum_scale_factor = {})",
                             quote_name(facts.schema, facts.table), value),
        .undo = fmt::format("the earlier value, or ALTER TABLE {} RESET (autovacuum_vacuum_scale_factor)",
                            quote_name(facts.schema, facts.table))};
    out.verify.target = {
        .title = "dead rows of the table",
        .expression = "sum(pg_stat_user_tables_n_dead_tup" +
                      where.labels(fmt::format(",schemaname={},relname={}", promql_string(facts.schema),
                                               promql_string(facts.table))) +
                      ")",
        .unit = "rows",
        .worse = WorseDirection::kUp};
    // From now to what the new share lets stand: at best it is just vacuumed, at worst just before.
    const double most = facts.threshold + advice.scale_factor * facts.rows;
    out.expected = {out.verify.target.expression, -1, std::min(-0.1, most / facts.dead_rows - 1)};
    out.verify.minimum_effect = 0.1;
    out.verify.step_ms = 2 * kMinuteMs;
    out.verify.observe_min_ms = 10 * kMinuteMs;
    out.verify.observe_max_ms = 4 * kHourMs;
    out.verify.guards = {statements_guard(where)};
    out.cost = fmt::format("vacuum reads {} more often", format_bytes(facts.bytes));
    out.risk_reason = "a catalogue change; autovacuum yields to locks";
    return out;
  }
};

}  // namespace

std::vector<VacuumAdvice> advise_vacuum(const std::vector<VacuumFacts>& tables) {
  std::vector<VacuumAdvice> out;
  for (const VacuumFacts& table : tables) {
    if (table.rows < kVacuumRowsMin || table.dead_rows < kDeadShareMin * table.rows) continue;
    if (table.dead_rows > kVacuumLateFactor * table.due()) {
      out.push_back({table, 0});
    } else if (table.dead_rows < table.due() && table.scale_factor > kScaleFactorAdvised) {
      out.push_back({table, kScaleFactorAdvised});
    }
  }
  return out;
}

std::unique_ptr<Advisor> create_vacuum_advisor(Target target) {
  return std::make_unique<VacuumAdvisor>(std::move(target));
}

}  // namespace trimtab::advise::postgresql
