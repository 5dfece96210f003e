// SPDX-License-Identifier: Apache-2.0
#include "advise/postgresql/statistics_targets.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

#include "advise/postgresql/database_advisor.h"
#include "advise/postgresql/planned_load.h"
#include "advise/postgresql/predicates.h"
#include "advise/postgresql/query_metrics.h"
#include "base/format.h"

namespace trimtab::advise::postgresql {

using trimtab::postgresql::Connection;
using trimtab::postgresql::quote_name;
using trimtab::postgresql::Rows;

namespace {

using Column = std::pair<TableName, std::string>;

// Columns that a plan compares with one value each or joins by: what the number of distinct values is for.
std::set<Column> compared_columns(const Plan& plan) {
  std::map<std::string, TableName> tables;
  for (const PlanNode& node : plan.nodes) {
    if (!node.relation.empty() && !node.alias.empty()) tables[node.alias] = {node.schema, node.relation};
  }
  std::set<Column> out;
  const auto add = [&](const ColumnRef& column) {
    const auto table = tables.find(column.alias);
    if (table != tables.end()) out.emplace(table->second, column.column);
  };
  for (const PlanNode& node : plan.nodes) {
    for (const std::string& condition : node.conditions) {
      for (const Predicate& predicate : predicates_of(condition)) {
        if (predicate.alternative) continue;
        if (predicate.kind == PredicateKind::kEquality || predicate.kind == PredicateKind::kJoin)
          add(predicate.column);
        if (predicate.kind == PredicateKind::kJoin) add(predicate.other);
      }
    }
  }
  return out;
}

// Of a column with a unique index of its own the planner takes that number, whatever ANALYZE found.
bool is_key(const TableFacts& table, const std::string& column) {
  return std::ranges::any_of(table.indexes, [&](const IndexFacts& index) {
    return index.unique && index.keys.size() == 1 && index.keys[0] == column && index.where.empty();
  });
}

class StatisticsAdvisor final : public DatabaseAdvisor {
 public:
  StatisticsAdvisor(Target target, StatisticsOptions options)
      : DatabaseAdvisor(std::move(target), "postgresql.statistics"),
        options_(options),
        history_(options.window_min_ms) {}

 protected:
  Result<std::vector<Recommendation>> look(Connection& connection, const AdvisedDatabase& where,
                                           const Context& context) override {
    const auto tables = TRY(read_tables(connection));
    const bool large = std::ranges::any_of(
        tables, [&](const auto& entry) { return entry.second.rows >= options_.rows_min; });
    if (!large) return std::vector<Recommendation>{};
    const std::string title = "No advice on statistics in " + where.database + " yet";
    const PlannedLoad load = TRY(read_planned_load(connection, history_, options_.window_min_ms, context));
    if (!load.needs.empty()) return std::vector{not_enough(where, title, load.needs)};
    std::erase_if(samples_, [&](const auto& entry) {
      return context.now_ms - entry.second.at_ms > kSampleKeptMs || context.now_ms < entry.second.at_ms;
    });
    std::vector<Recommendation> out;
    std::size_t asked = 0;
    for (const DoubtedColumn& one : doubted_columns(load.workload, load.plans, tables, options_.rows_min)) {
      const Key key{one.name, one.column, one.believed};
      auto known = samples_.find(key);
      if (known == samples_.end()) {
        if (asked++ == kSamplesAPass) break;
        // A table that may not be read, or whose blocks come too slowly, proves nothing for a day.
        const auto sample = read_sample(connection, one, tables.at(one.name).bytes);
        known = samples_.emplace(key, Known{context.now_ms, sample ? *sample : DistinctSample{}}).first;
      }
      const int target = advised_target(one, known->second.sample);
      if (target > 0) out.push_back(recommendation(one, known->second.sample, target, load.workload, where));
    }
    return out;
  }

 private:
  using Key = std::tuple<TableName, std::string, double>;
  struct Known {
    TimestampMs at_ms = 0;
    DistinctSample sample;
  };

  static Result<DistinctSample> read_sample(Connection& connection, const DoubtedColumn& column,
                                            double table_bytes) {
    const double share = std::min({1.0, kSampleRowsMax / std::max(1.0, column.table_rows),
                                   kSampleBytesMax / std::max(1.0, table_bytes)});
    const std::string name = quote_name(column.column);
    // TABLESAMPLE SYSTEM reads whole blocks and no others.
    const Rows rows = TRY(connection.query(
        fmt::format("SELECT count({0}), count(DISTINCT {0}) FROM ONLY {1} TABLESAMPLE SYSTEM ({2:.6f}) "
                    "REPEATABLE (1)",
                    name, quote_name(column.name.schema, column.name.table), 100 * share)));
    const Rows target = TRY(connection.query(
        "SELECT CASE WHEN coalesce(a.attstattarget, -1) < 0 THEN "
        "current_setting('default_statistics_target')::int ELSE a.attstattarget END, "
        "coalesce(array_to_string(a.attoptions, ',') LIKE '%n_distinct%', false) FROM pg_attribute a JOIN "
        "pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = $1 AND c.relname = $2 AND a.attname = $3",
        {column.name.schema, column.name.table, column.column}));
    // Somebody set the number by hand: theirs to mend.
    if (target.size() == 0 || target.text(0, 1) == "t") return DistinctSample{};
    return DistinctSample{rows.number(0, 0), rows.number(0, 1), static_cast<int>(target.integer(0, 0))};
  }

  static Recommendation recommendation(const DoubtedColumn& one, const DistinctSample& sample, int target,
                                       const Workload& workload, const AdvisedDatabase& where) {
    const std::string table = quote_name(one.name.schema, one.name.table), column = quote_name(one.column);
    const std::string period = "pg_stat_statements, " + format_duration_human(workload.window_ms);
    Recommendation out;
    out.fingerprint = fmt::format("postgresql.column_statistics|{}|{}|{}.{}|{}", where.target, where.database,
                                  one.name.schema, one.name.table, one.column);
    out.title = fmt::format("Set the statistics target of {}.{} to {}", one.name.table, one.column, target);
    out.why = fmt::format(
        "The planner believes that the column has {} distinct values; a part of the table alone has {}. So "
        "it "
        "expects too many rows for each, and chooses plans for many rows where few come. A larger sample at "
        "ANALYZE sees them.",
        format_number(one.believed), format_number(sample.distinct));
    out.evidence = {
        {"distinct values", format_number(one.believed) + " believed", "pg_stats.n_distinct"},
        {"seen", fmt::format("{} among {} rows", format_number(sample.distinct), format_number(sample.rows)),
         "TABLESAMPLE SYSTEM"},
        {"rows a call",
         fmt::format("{} expected, {} seen", format_number(one.rows_expected), format_number(one.rows_seen)),
         "EXPLAIN and " + period + ", queryid " + one.ids.front()},
        {"time of these statements",
         format_with_unit(workload.seconds > 0 ? one.seconds / workload.seconds : 0, "ratio") +
             " of the load",
         period},
        {"statistics target now", std::to_string(sample.target), "pg_attribute, default_statistics_target"}};
    out.action = {
        .type = "postgresql.column_statistics",
        .target = where.target,
        .parameters = {{"schema", one.name.schema},
                       {"table", one.name.table},
                       {"column", one.column},
                       {"target", std::to_string(target)}},
        .apply = fmt::format("ALTER TABLE {0} ALTER COLUMN {1} SET STATISTICS {2}; ANALYZE {0} ({1})", table,
                             column, target),
        .undo = fmt::format("ALTER TABLE {0} ALTER COLUMN {1} SET STATISTICS to the earlier target; "
                            "ANALYZE {0} ({1})",
                            table, column)};
    out.verify.target = {.title = "mean time of the statements that search by it",
                         .expression = mean_time_expression({where.instance, where.database}, one.ids),
                         .unit = "seconds",
                         .worse = WorseDirection::kUp};
    // Whether better numbers make another plan can not be known before: between nothing and most of the time.
    out.expected = {out.verify.target.expression, -0.9, 0};
    out.verify.minimum_effect = 0.05;
    out.verify.guards = {statements_guard(where)};
    out.verify.step_ms = kMinuteMs;
    out.verify.before_ms = kHourMs;
    out.verify.observe_min_ms = 15 * kMinuteMs;
    out.risk = Risk::kMedium;
    out.risk_reason = "plans of all statements that search by the column may change";
    out.cost = fmt::format("ANALYZE reads {} rows instead of {}; planning reads longer lists",
                           format_number(kRowsATarget * target), format_number(kRowsATarget * sample.target));
    return out;
  }

  const StatisticsOptions options_;
  SnapshotHistory history_;
  std::map<Key, Known> samples_;
};

}  // namespace

std::vector<DoubtedColumn> doubted_columns(const Workload& workload, const std::vector<Plan>& plans,
                                           const std::map<TableName, TableFacts>& tables, double rows_min) {
  std::map<Column, DoubtedColumn> found;
  for (std::size_t i = 0; i < std::min(plans.size(), workload.queries.size()); ++i) {
    const WorkloadQuery& query = workload.queries[i];  // most time first
    const StatementText& text = query.statement;
    if (plans[i].nodes.empty() || text.kind != StatementKind::kSelect || text.has_limit || text.has_offset ||
        text.has_aggregate || query.calls < kDoubtCallsMin ||
        query.seconds < kDoubtShareMin * workload.seconds) {
      continue;
    }
    const double expected = plans[i].nodes.front().rows, seen = query.rows / query.calls;
    if (expected < kWrongFactorMin * std::max(1.0, seen)) continue;
    for (const Column& column : compared_columns(plans[i])) {
      const auto table = tables.find(column.first);
      if (table == tables.end() || table->second.rows < rows_min || is_key(table->second, column.second))
        continue;
      const auto facts = table->second.columns.find(column.second);
      // From half of the rows on the estimate can not be wrong by much, and scales with the table.
      if (facts == table->second.columns.end() || facts->second.distinct <= 0 ||
          facts->second.distinct > 0.5 * table->second.rows) {
        continue;
      }
      auto [entry, is_new] = found.try_emplace(column);
      DoubtedColumn& one = entry->second;
      if (is_new) {
        one = {.name = column.first,
               .column = column.second,
               .believed = facts->second.distinct,
               .table_rows = table->second.rows,
               .ids = {},
               .seconds = 0,
               .rows_expected = expected,
               .rows_seen = seen};
      }
      one.ids.push_back(query.id);
      one.seconds += query.seconds;
    }
  }
  std::vector<DoubtedColumn> out;
  for (auto& [column, one] : found) out.push_back(std::move(one));
  std::ranges::stable_sort(out, std::greater{}, &DoubtedColumn::seconds);
  if (out.size() > kDoubtedMax) out.resize(kDoubtedMax);
  return out;
}

int advised_target(const DoubtedColumn& column, const DistinctSample& sample) {
  if (sample.distinct < kWrongFactorMin * column.believed || column.believed <= 0) return 0;
  constexpr double kStep = 100;
  const double wanted = std::round(sample.rows / kRowsATarget / kStep) * kStep;
  const int target = static_cast<int>(std::min<double>(kTargetMax, wanted));
  return target > sample.target ? target : 0;
}

std::unique_ptr<Advisor> create_statistics_advisor(Target target, StatisticsOptions options) {
  return std::make_unique<StatisticsAdvisor>(std::move(target), options);
}

}  // namespace trimtab::advise::postgresql
