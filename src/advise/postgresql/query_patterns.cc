// SPDX-License-Identifier: Apache-2.0
#include "advise/postgresql/query_patterns.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "advise/postgresql/database_advisor.h"
#include "advise/postgresql/planned_load.h"
#include "advise/postgresql/predicates.h"
#include "base/format.h"

namespace trimtab::advise::postgresql {

using trimtab::postgresql::Connection;

namespace {

constexpr double kOffsetSecondsMin = 5e-3;  // mean time; quicker pages hurt nobody

std::vector<PatternMatch> wrapped_columns(const Plan& plan, const std::map<TableName, TableFacts>& tables,
                                          std::size_t query) {
  std::vector<PatternMatch> out;
  for (const PlanNode& node : plan.nodes) {
    const auto table = tables.find({node.schema, node.relation});
    if (table == tables.end() || table->second.rows < 1000) continue;
    for (const std::string& filter : node.filters) {
      for (const Predicate& predicate : predicates_of(filter)) {
        if (predicate.kind != PredicateKind::kWrapped || predicate.alternative) continue;
        if (predicate.column.alias != node.alias) continue;
        const bool leads = std::ranges::any_of(table->second.indexes, [&](const IndexFacts& index) {
          return index.valid && !index.keys.empty() && index.keys[0] == predicate.column.column;
        });
        if (!leads) continue;
        out.push_back({QueryPattern::kWrappedColumn, query, 0, node.relation + "." + predicate.column.column,
                       predicate.wrapped});
        return out;
      }
    }
  }
  return out;
}

class PatternAdvisor final : public DatabaseAdvisor {
 public:
  PatternAdvisor(Target target, DurationMs window_min_ms)
      : DatabaseAdvisor(std::move(target), "postgresql.statements"),
        window_min_ms_(window_min_ms),
        history_(window_min_ms) {}

 protected:
  Result<std::vector<Recommendation>> look(Connection& connection, const AdvisedDatabase& where,
                                           const Context& context) override {
    const std::string title = "No advice on statements of " + where.database + " yet";
    const PlannedLoad load = TRY(read_planned_load(connection, history_, window_min_ms_, context));
    if (!load.needs.empty()) return std::vector{not_enough(where, title, load.needs)};
    const auto tables = TRY(read_tables(connection));
    std::vector<Recommendation> out;
    for (const PatternMatch& match : match_patterns(load.workload, load.plans, tables)) {
      out.push_back(recommendation(match, load.workload, where));
    }
    return out;
  }

 private:
  static Recommendation recommendation(const PatternMatch& match, const Workload& workload,
                                       const AdvisedDatabase& where) {
    const WorkloadQuery& query = workload.queries[match.query];
    Recommendation out;
    std::string kind;
    switch (match.pattern) {
      case QueryPattern::kOffset:
        kind = "offset";
        out.title = "Page by the last key seen instead of OFFSET";
        out.why =
            "Every page reads all rows before it again. WHERE (sort columns) > (last row's) with the same "
            "ORDER BY and LIMIT starts at the page, by an index on the sort columns.";
        break;
      case QueryPattern::kOnePerRow:
        kind = "one_per_row";
        out.title = "Fetch rows together instead of one by one";
        out.why = fmt::format(
            "The statement runs as often as another one (queryid {}) gives rows: it looks as if it "
            "is run for each of them. A join, or = ANY with all keys, asks once.",
            workload.queries[match.parent].id);
        break;
      case QueryPattern::kNoLimit:
        kind = "no_limit";
        out.title = "Limit how many rows a statement gives";
        out.why = "A call gives very many rows and has no LIMIT; few readers use them all.";
        break;
      case QueryPattern::kWrappedColumn:
        kind = "wrapped_column";
        out.title = fmt::format("Search {} without an expression around it", match.column);
        out.why = fmt::format(
            "The index on {} cannot serve {}. Compare the plain column, or create an index on the "
            "expression.",
            match.column, match.expression);
        break;
    }
    out.fingerprint =
        fmt::format("postgresql.statements|{}|{}|{}|{}", where.target, where.database, kind, query.id);
    constexpr std::size_t kTextShownMax = 400;
    out.evidence = {
        {"statement",
         query.text.size() > kTextShownMax ? query.text.substr(0, kTextShownMax) + "..." : query.text,
         "queryid " + query.id},
        {"its share of the load's time", format_with_unit(query.seconds / workload.seconds, "ratio"),
         "pg_stat_statements, " + format_duration_human(workload.window_ms)},
        {"mean time", format_with_unit(query.mean_seconds(), "seconds"), "the same"},
        {"calls", format_number(query.calls), "the same"},
        {"rows a call", format_number(query.rows / query.calls), "the same"}};
    return out;
  }

  DurationMs window_min_ms_;
  SnapshotHistory history_;
};

}  // namespace

std::vector<PatternMatch> match_patterns(const Workload& workload, const std::vector<Plan>& plans,
                                         const std::map<TableName, TableFacts>& tables) {
  std::vector<PatternMatch> out;
  for (std::size_t i = 0; i < workload.queries.size(); ++i) {
    const WorkloadQuery& query = workload.queries[i];
    const StatementText& text = query.statement;
    if (text.kind != StatementKind::kSelect || query.seconds < kShareMin * workload.seconds) continue;
    if (text.has_offset && query.mean_seconds() >= kOffsetSecondsMin)
      out.push_back({QueryPattern::kOffset, i, 0, {}, {}});
    if (!text.has_limit && !text.has_aggregate && query.rows >= kRowsPerCallMany * query.calls) {
      out.push_back({QueryPattern::kNoLimit, i, 0, {}, {}});
    }
    if (text.has_where && query.calls >= kChildCallsMin) {
      for (std::size_t j = 0; j < workload.queries.size(); ++j) {
        const WorkloadQuery& parent = workload.queries[j];
        if (j == i || parent.statement.kind != StatementKind::kSelect ||
            parent.rows < kParentRowsMin * parent.calls)
          continue;
        if (std::abs(query.calls - parent.rows) > kChildMismatchMax * parent.rows) continue;
        out.push_back({QueryPattern::kOnePerRow, i, j, {}, {}});
        break;
      }
    }
    if (i < plans.size() && !plans[i].nodes.empty()) {
      for (PatternMatch& match : wrapped_columns(plans[i], tables, i)) out.push_back(std::move(match));
    }
  }
  return out;
}

std::unique_ptr<Advisor> create_pattern_advisor(Target target, DurationMs window_min_ms) {
  return std::make_unique<PatternAdvisor>(std::move(target), window_min_ms);
}

}  // namespace trimtab::advise::postgresql
