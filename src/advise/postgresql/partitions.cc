// SPDX-License-Identifier: Apache-2.0
#include "advise/postgresql/partitions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "advise/postgresql/database_advisor.h"
#include "advise/postgresql/memory.h"
#include "advise/postgresql/planned_load.h"
#include "advise/postgresql/predicates.h"
#include "advise/postgresql/query_metrics.h"
#include "advise/series.h"
#include "base/format.h"

namespace trimtab::advise::postgresql {

using trimtab::postgresql::Connection;
using trimtab::postgresql::quote_name;
using trimtab::postgresql::Rows;

namespace {

bool is_ordered_type(std::string_view type) {
  constexpr std::array<std::string_view, 5> kTypes = {"date", "timestamp with time zone",
                                                      "timestamp without time zone", "bigint", "integer"};
  return std::ranges::find(kTypes, type) != kTypes.end();
}

// How the load uses one column of a table.
struct ColumnUse {
  double restricted_seconds = 0;
  double sequential_seconds = 0;  // of these
  RetentionLoad retention;
};
struct TableUse {
  double seconds = 0;
  std::map<std::string, ColumnUse> columns;
};

// What the conditions of one scan say of its table's columns.
struct ScanRestriction {
  std::set<std::string> pruning;  // partitions can be left out: a range or one value
  std::set<std::string> ranges;
};
ScanRestriction restriction_of(const PlanNode& node) {
  ScanRestriction out;
  for (const std::string& condition : node.conditions) {
    for (const Predicate& predicate : predicates_of(condition)) {
      if (predicate.alternative || predicate.column.alias != node.alias) continue;
      if (predicate.kind == PredicateKind::kRange) out.ranges.insert(predicate.column.column);
      if (predicate.kind == PredicateKind::kRange || predicate.kind == PredicateKind::kEquality) {
        out.pruning.insert(predicate.column.column);
      }
    }
  }
  return out;
}

std::map<TableName, TableUse> table_uses(const Workload& workload, const std::vector<Plan>& plans) {
  std::map<TableName, TableUse> out;
  for (std::size_t i = 0; i < std::min(plans.size(), workload.queries.size()); ++i) {
    const WorkloadQuery& query = workload.queries[i];
    const bool deletes = query.statement.kind == StatementKind::kDelete;
    // A statement counts once a table; it leaves partitions out only if each of its scans does.
    struct Seen {
      bool sequential = false;
      bool first = true;
      std::set<std::string> pruning;
      std::set<std::string> ranges;
    };
    std::map<TableName, Seen> seen;
    for (const PlanNode& node : plans[i].nodes) {
      const bool scan = node.type.find("Scan") != std::string::npos && !node.relation.empty();
      if (!scan) continue;
      Seen& table = seen[{node.schema, node.relation}];
      ScanRestriction restriction = restriction_of(node);
      // A bitmap heap scan has its index's conditions as recheck conditions of its own.
      if (table.first) {
        table.pruning = std::move(restriction.pruning);
        table.ranges = std::move(restriction.ranges);
      } else {
        std::erase_if(table.pruning,
                      [&](const std::string& column) { return !restriction.pruning.contains(column); });
        std::erase_if(table.ranges,
                      [&](const std::string& column) { return !restriction.ranges.contains(column); });
      }
      table.first = false;
      table.sequential = table.sequential || node.type == "Seq Scan";
    }
    for (const auto& [name, table] : seen) {
      TableUse& use = out[name];
      const bool is_retention = deletes && !table.ranges.empty() &&
                                query.rows >= kRetentionRowsMin * query.calls && query.calls > 0;
      if (is_retention) {
        for (const std::string& column : table.ranges) {
          RetentionLoad& retention = use.columns[column].retention;
          retention.ids.push_back(query.id);
          retention.calls += query.calls;
          retention.rows += query.rows;
          retention.seconds += query.seconds;
        }
        continue;
      }
      use.seconds += query.seconds;
      for (const std::string& column : table.pruning) {
        ColumnUse& of = use.columns[column];
        of.restricted_seconds += query.seconds;
        if (table.sequential) of.sequential_seconds += query.seconds;
      }
    }
  }
  return out;
}

PartitionCandidate candidate_of(const TableName& name, const TableFacts& facts, const std::string& column,
                                const TableUse& use, const ColumnUse& of) {
  PartitionCandidate out;
  out.name = name;
  out.column = column;
  out.correlation = facts.columns.at(column).correlation;
  out.bytes = facts.bytes;
  out.read_seconds = use.seconds;
  // Nothing reads it: nothing can suffer.
  out.restricted_share = use.seconds > 0 ? of.restricted_seconds / use.seconds : 1;
  out.sequential_share = of.restricted_seconds > 0 ? of.sequential_seconds / of.restricted_seconds : 0;
  if (of.retention.rows >= kRetentionRowsAllMin) out.retention = of.retention;
  for (const IndexFacts& index : facts.indexes) {
    if (!index.unique || std::ranges::find(index.keys, column) != index.keys.end()) continue;
    out.keys.push_back(index.name);
    out.referenced = out.referenced || index.referenced;
  }
  return out;
}

bool gains(const PartitionCandidate& one) {
  if (one.retention.calls > 0) return one.restricted_share >= kRetentionRestrictedMin;
  return one.read_seconds > 0 && one.restricted_share >= kPruningRestrictedMin &&
         one.sequential_share >= kPruningSequentialMin;
}

class PartitionAdvisor final : public DatabaseAdvisor {
 public:
  PartitionAdvisor(Target target, PartitionOptions options)
      : DatabaseAdvisor(std::move(target), "postgresql.partitions"),
        options_(std::move(options)),
        history_(options_.window_min_ms) {}

 protected:
  Result<std::vector<Recommendation>> look(Connection& connection, const AdvisedDatabase& where,
                                           const Context& context) override {
    const auto tables = TRY(read_tables(connection));
    const Size size = TRY(smallest(connection, context));
    const bool large = std::ranges::any_of(
        tables, [&](const auto& entry) { return entry.second.plain && entry.second.bytes >= size.bytes; });
    if (!large) return std::vector<Recommendation>{};
    const std::string title = "No advice on partitions in " + where.database + " yet";
    const PlannedLoad load = TRY(read_planned_load(connection, history_, options_.window_min_ms, context));
    if (!load.needs.empty()) return std::vector{not_enough(where, title, load.needs)};
    std::vector<Recommendation> out;
    for (const PartitionCandidate& one :
         partition_candidates(load.workload, load.plans, tables, size.bytes)) {
      out.push_back(recommendation(one, tables.at(one.name), load.workload, size, where));
    }
    return out;
  }

 private:
  struct Size {
    double bytes = 0;
    std::string reason;
  };
  Result<Size> smallest(Connection& connection, const Context& context) const {
    const MemoryLook memory = TRY(read_memory_settings(connection));
    if (memory.same_machine && !options_.host_instance.empty()) {
      const auto machine = TRY(read_machine(context, options_.host_instance));
      if (machine && machine->total >= options_.bytes_min) {
        return Size{machine->total, "the machine's memory"};
      }
    }
    const double buffers = 4 * memory.shared_buffers;
    if (buffers > options_.bytes_min) return Size{buffers, "four times shared_buffers"};
    return Size{options_.bytes_min, "smaller tables are vacuumed and copied in minutes"};
  }

  static Recommendation recommendation(const PartitionCandidate& one, const TableFacts& facts,
                                       const Workload& workload, const Size& size,
                                       const AdvisedDatabase& where) {
    const std::string period = "pg_stat_statements, " + format_duration_human(workload.window_ms);
    const std::string table = quote_name(one.name.schema, one.name.table), column = quote_name(one.column);
    Recommendation out;
    out.fingerprint = fmt::format("postgresql.partitions|{}|{}|{}.{}|{}", where.target, where.database,
                                  one.name.schema, one.name.table, one.column);
    out.title = fmt::format("Partition {} by ranges of {}", one.name.table, one.column);
    const bool retention = one.retention.calls > 0;
    out.why = retention
                  ? "Old rows are deleted row by row, and vacuum must clear them away. With a partition "
                    "for each period they go by DROP TABLE, at once and without a trace."
                  : "Nearly all reading restricts the column, and reads the whole table for it. With "
                    "partitions only those of the range are read. An index on the column may do as well "
                    "for narrow ranges, and costs far less to try: consider that first.";
    out.evidence = {
        {"size",
         fmt::format("{}; looked at from {} on ({})", format_bytes(one.bytes), format_bytes(size.bytes),
                     size.reason),
         "pg_table_size"},
        {"rows in order of the column", fmt::format("correlation {:.3f}", one.correlation), "pg_stats"},
        {"time of reading that restricts it",
         one.read_seconds > 0 ? format_with_unit(one.restricted_share, "ratio") +
                                    fmt::format(", of that {} in scans of the whole table",
                                                format_with_unit(one.sequential_share, "ratio"))
                              : std::string("nothing else reads the table"),
         period}};
    if (retention) {
      out.evidence.push_back({"rows deleted by a range of it",
                              fmt::format("{} by {} calls, {}", format_number(one.retention.rows),
                                          format_number(one.retention.calls),
                                          format_with_unit(one.retention.seconds, "seconds")),
                              period + ", queryid " + fmt::format("{}", fmt::join(one.retention.ids, ", "))});
    }
    if (!one.keys.empty()) {
      out.evidence.push_back(
          {"must change",
           fmt::format("unique keys would have to hold {}: {}{}", one.column, fmt::join(one.keys, ", "),
                       one.referenced ? "; foreign keys of other tables rely on them" : ""),
           "manual 5.11.2.3"});
    }
    out.evidence.push_back(
        {"a way there",
         fmt::format("CREATE TABLE new (LIKE {0} INCLUDING DEFAULTS) PARTITION BY RANGE ({1}), its keys with "
                     "{1}; partitions for the periods to come; on {0} CHECK ({1} < the first of them) NOT "
                     "VALID, then VALIDATE CONSTRAINT while the load goes on; then in one short transaction "
                     "rename both tables and ATTACH the old one as the first partition, which the validated "
                     "CHECK spares its scan. To go back: DETACH it and rename again, after moving rows that "
                     "came meanwhile",
                     table, column),
         "manual 5.11.2.2"});
    if (retention) {
      const std::string ids = fmt::format("{}", fmt::join(one.retention.ids, "|"));
      out.verify.target = {
          .title = "time of the statements that delete old rows",
          .expression = fmt::format("sum(rate(pg_stat_statements_seconds_total{}[{{{{.step}}}}]))",
                                    where.labels(",queryid=~" + promql_string(ids))),
          .unit = "ratio",
          .worse = WorseDirection::kUp};
      out.expected = {out.verify.target.expression, -1, -0.9};
      if (workload.window_ms > 0) {
        out.benefit_seconds_per_day = 0.9 * 86400 * workload.per_second(one.retention.seconds);
      }
    } else {
      // Constants are not known, and there are no hypothetical partitions to plan with: no interval.
      const QuerySeries series{where.instance, where.database};
      out.verify.target = {.title = "mean time of the database's statements",
                           .expression = mean_time_expression(series, {}),
                           .unit = "seconds",
                           .worse = WorseDirection::kUp};
    }
    out.risk = Risk::kHigh;
    out.risk_reason = fmt::format(
        "a migration of {} with a short exclusive lock; statements that do not restrict {} look into every "
        "partition",
        format_bytes(facts.bytes), one.column);
    out.cost = out.risk_reason;
    return out;
  }

  const PartitionOptions options_;
  SnapshotHistory history_;
};

}  // namespace

std::vector<PartitionCandidate> partition_candidates(const Workload& workload, const std::vector<Plan>& plans,
                                                     const std::map<TableName, TableFacts>& tables,
                                                     double bytes_min) {
  std::vector<PartitionCandidate> out;
  for (const auto& [name, use] : table_uses(workload, plans)) {
    const auto found = tables.find(name);
    if (found == tables.end() || !found->second.plain || found->second.bytes < bytes_min) continue;
    std::optional<PartitionCandidate> best;
    for (const auto& [column, of] : use.columns) {
      const auto facts = found->second.columns.find(column);
      if (facts == found->second.columns.end() || !is_ordered_type(facts->second.type) ||
          std::abs(facts->second.correlation) < kPartitionCorrelationMin || facts->second.null_share > 0) {
        continue;
      }
      PartitionCandidate one = candidate_of(name, found->second, column, use, of);
      if (!gains(one)) continue;
      const auto rank = [](const PartitionCandidate& from) {
        return std::pair(from.retention.rows, from.restricted_share);
      };
      if (!best || rank(one) > rank(*best)) best = std::move(one);
    }
    if (best) out.push_back(std::move(*best));
  }
  std::ranges::stable_sort(out, std::greater{}, &PartitionCandidate::bytes);
  return out;
}

std::unique_ptr<Advisor> create_partition_advisor(Target target, PartitionOptions options) {
  return std::make_unique<PartitionAdvisor>(std::move(target), std::move(options));
}

}  // namespace trimtab::advise::postgresql
