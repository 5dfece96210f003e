// SPDX-License-Identifier: Apache-2.0
#include "advise/postgresql/index_hygiene.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>

#include "advise/postgresql/candidates.h"
#include "advise/postgresql/database_advisor.h"
#include "advise/postgresql/query_metrics.h"
#include "advise/series.h"
#include "base/format.h"
#include "targets/postgresql/index_statement.h"

namespace trimtab::advise::postgresql {

using trimtab::postgresql::Connection;
using trimtab::postgresql::IndexSpec;

namespace {

bool must_stay(const IndexFacts& index) { return index.constraint || index.referenced; }

// The index as a wish: does another one grant it?
std::optional<IndexSpec> wish_of(const IndexFacts& index) {
  IndexSpec spec;
  spec.method = index.method;
  spec.where = index.where;
  spec.include = index.include;
  for (std::size_t i = 0; i < index.keys.size(); ++i) {
    if (index.keys[i].empty()) return std::nullopt;  // an expression
    spec.keys.push_back({index.keys[i], index.descending[i]});
  }
  return spec;
}

// Operator classes and collations, which names do not show: an index on the same columns may sort otherwise.
bool same_order(const IndexFacts& shorter, const IndexFacts& longer) {
  const auto part = [](const std::string& signature, int number) {
    std::size_t at = 0;
    for (int i = 0; i < number; ++i) at = signature.find('|', at) + 1;
    return signature.substr(at, signature.find('|', at) - at) + ' ';
  };
  constexpr int kClasses = 3, kCollations = 4;
  return part(longer.signature, kClasses).starts_with(part(shorter.signature, kClasses)) &&
         part(longer.signature, kCollations).starts_with(part(shorter.signature, kCollations));
}

const IndexFacts* server_of(const TableFacts& table, const IndexFacts& index,
                            const std::set<std::string>& gone) {
  const auto wish = wish_of(index);
  if (!wish || index.unique || index.method != "btree") return nullptr;
  for (const IndexFacts& other : table.indexes) {
    if (other.name == index.name || gone.contains(other.name) || other.keys.size() <= index.keys.size())
      continue;
    // A predicate that is the same by text serves; serves() also takes an index without one.
    if (serves(other, *wish) && other.where == index.where && same_order(index, other)) return &other;
  }
  return nullptr;
}

std::string_view words(DropReason reason) {
  switch (reason) {
    case DropReason::kInvalid: return "invalid";
    case DropReason::kDuplicate: return "duplicate";
    case DropReason::kRedundant: return "redundant";
    case DropReason::kUnused: return "unused";
  }
  return "";
}

class IndexHygieneAdvisor final : public DatabaseAdvisor {
 public:
  explicit IndexHygieneAdvisor(Target target)
      : DatabaseAdvisor(std::move(target), "postgresql.index_hygiene") {}

 protected:
  Result<std::vector<Recommendation>> look(Connection& connection, const AdvisedDatabase& where,
                                           const Context&) override {
    const auto tables = TRY(read_tables(connection));
    const auto rows = TRY(connection.query(
        "SELECT extract(epoch FROM clock_timestamp() - coalesce(d.stats_reset, "
        "  pg_postmaster_start_time())) / 86400, "
        "(SELECT count(*) FROM pg_stat_replication) + (SELECT count(*) FROM pg_replication_slots WHERE "
        "slot_type = "
        "  'physical') > 0, (SELECT count(*) FROM pg_stat_progress_create_index) > 0 "
        "FROM pg_stat_database d WHERE d.datname = current_database()"));
    const IndexUse use{rows.number(0, 0), rows.text(0, 1) == "t", rows.text(0, 2) == "t"};
    std::vector<Recommendation> out;
    for (const DroppableIndex& one : droppable_indexes(tables, use)) {
      out.push_back(recommendation(one, tables.at(one.table), use, where));
    }
    return out;
  }

 private:
  static std::string why(const DroppableIndex& one, const IndexUse& use) {
    switch (one.reason) {
      case DropReason::kInvalid:
        return "A build of it failed: every write keeps it up to date, no statement can use it.";
      case DropReason::kDuplicate:
        return fmt::format("{} holds the same columns in the same order.", one.served_by);
      case DropReason::kRedundant:
        return fmt::format("{} begins with the same columns and serves what this one serves.", one.served_by);
      case DropReason::kUnused:
        return fmt::format("No statement has read it in {:.0f} days.", use.observed_days);
    }
    return {};
  }

  static Recommendation recommendation(const DroppableIndex& one, const TableFacts& table,
                                       const IndexUse& use, const AdvisedDatabase& where) {
    Recommendation out;
    const IndexFacts& index = one.index;
    out.fingerprint = fmt::format("postgresql.drop_index|{}|{}|{}|{}", where.target, where.database,
                                  index.schema, index.name);
    out.title = fmt::format("Drop the {} index {} on {}", words(one.reason), index.name, one.table.table);
    out.why = why(one, use);
    out.evidence = {{"definition", index.definition, "pg_get_indexdef"},
                    {"size", format_bytes(index.bytes), "pg_relation_size"},
                    {"scans", format_number(index.scans),
                     fmt::format("pg_stat_user_indexes, {:.1f} days", use.observed_days)}};
    out.action = {.type = "postgresql.drop_index",
                  .target = where.target,
                  .parameters = {{"schema", index.schema}, {"name", index.name}},
                  .apply = trimtab::postgresql::drop_index_statement(index.schema, index.name),
                  .undo = index.definition};
    const std::string labels = where.labels(fmt::format(
        ",schemaname={},relname={}", promql_string(one.table.schema), promql_string(one.table.table)));
    double all = 0;
    for (const IndexFacts& other : table.indexes) all += other.bytes;
    const double share = all > 0 ? index.bytes / all : 0;
    out.verify.target = {.title = "bytes of the table's indexes",
                         .expression = "sum(pg_stat_user_tables_index_size_bytes" + labels + ")",
                         .unit = "bytes",
                         .worse = WorseDirection::kUp};
    out.verify.minimum_effect = 0.5 * share;
    out.verify.step_ms = 2 * kMinuteMs;
    out.verify.observe_min_ms = 10 * kMinuteMs;
    // Statements that did use it show here, whatever the statistics said.
    out.verify.guards = {statements_guard(where)};
    out.expected = {out.verify.target.expression, -share, -0.9 * share};
    out.cost = "none; frees " + format_bytes(index.bytes);
    out.risk = one.reason == DropReason::kUnused ? Risk::kMedium : Risk::kLow;
    out.risk_reason = one.reason == DropReason::kUnused
                          ? "a statement that runs more rarely than the statistics reach back may need it"
                          : "dropping waits for running transactions, and the definition is kept for undo";
    return out;
  }
};

}  // namespace

std::vector<DroppableIndex> droppable_indexes(const std::map<TableName, TableFacts>& tables,
                                              const IndexUse& use) {
  std::vector<DroppableIndex> out;
  for (const auto& [name, table] : tables) {
    std::set<std::string> gone;
    std::map<std::string, const IndexFacts*> by_signature;
    // The one that stays: what must, then the strict, then the read one, then by name.
    std::vector<const IndexFacts*> ranked;
    for (const IndexFacts& index : table.indexes) ranked.push_back(&index);
    std::ranges::stable_sort(ranked, [](const IndexFacts* a, const IndexFacts* b) {
      return std::tuple(!must_stay(*a), !a->unique, -a->scans, a->name) <
             std::tuple(!must_stay(*b), !b->unique, -b->scans, b->name);
    });
    const auto drop = [&](const IndexFacts& index, DropReason reason, std::string by = {}) {
      gone.insert(index.name);
      out.push_back({name, index, reason, std::move(by)});
    };
    for (const IndexFacts* index : ranked) {
      if (!index->valid) {
        if (!must_stay(*index) && !use.building) drop(*index, DropReason::kInvalid);
        continue;
      }
      const auto [same, first] = by_signature.emplace(index->signature, index);
      if (first || must_stay(*index)) continue;
      if (!index->unique || same->second->unique) drop(*index, DropReason::kDuplicate, same->second->name);
    }
    for (const IndexFacts* index : ranked) {
      if (must_stay(*index) || gone.contains(index->name) || !index->valid) continue;
      if (const IndexFacts* other = server_of(table, *index, gone)) {
        drop(*index, DropReason::kRedundant, other->name);
      } else if (!index->unique && index->scans == 0 && index->bytes >= kUnusedBytesMin &&
                 !use.has_replicas && use.observed_days >= kUnusedDaysMin) {
        drop(*index, DropReason::kUnused);
      }
    }
  }
  // Whoever serves must be one that stays.
  for (DroppableIndex& one : out) {
    for (std::size_t steps = 0; steps < out.size(); ++steps) {
      const auto next = std::ranges::find_if(out, [&](const DroppableIndex& other) {
        return other.table == one.table && other.index.name == one.served_by && !other.served_by.empty();
      });
      if (next == out.end()) break;
      one.served_by = next->served_by;
    }
  }
  return out;
}

std::unique_ptr<Advisor> create_index_hygiene_advisor(Target target) {
  return std::make_unique<IndexHygieneAdvisor>(std::move(target));
}

}  // namespace trimtab::advise::postgresql
