// SPDX-License-Identifier: Apache-2.0
#include "advise/postgresql/planned_load.h"

#include <fmt/format.h>

#include <optional>

#include "advise/postgresql/planner.h"
#include "advise/postgresql/sql_tokens.h"

namespace trimtab::advise::postgresql {

using trimtab::postgresql::Connection;

namespace {

// What a plain DELETE searches for, as a SELECT: a role that may only read can plan that. Nothing for other
// statements and for DELETE with USING, RETURNING or WITH.
std::optional<StatementText> as_search(const StatementText& statement) {
  if (statement.kind != StatementKind::kDelete) return std::nullopt;
  const std::vector<Token> tokens = sql_tokens(statement.preparable);
  if (tokens.size() < 3 || !tokens[0].is_word("delete") || !tokens[1].is_word("from")) return std::nullopt;
  for (const Token& token : tokens) {
    if (token.is_word("using") || token.is_word("returning")) return std::nullopt;
  }
  StatementText out = statement;
  out.kind = StatementKind::kSelect;
  out.preparable = "SELECT 1 " + statement.preparable.substr(tokens[1].at);
  return out;
}

Result<Plan> plan_once(Planner& planner, int id, const StatementText& statement) {
  TRY(planner.prepare(id, statement));
  auto plan = planner.explain(id);
  planner.forget(id);
  return plan;
}

}  // namespace

Result<std::vector<Plan>> plan_all(Connection& connection, const Workload& workload, const Context& context) {
  std::vector<Plan> plans(workload.queries.size());
  if (!refuse_foreign_code(connection)) return plans;
  Planner planner = TRY(Planner::create(connection));
  for (std::size_t i = 0; i < plans.size(); ++i) {
    if (context.cancelled && context.cancelled->load()) return fail(ErrorCode::kCancelled, "cancelled");
    const int id = static_cast<int>(i);
    const StatementText& statement = workload.queries[i].statement;
    auto plan = plan_once(planner, id, statement);
    if (!plan) {
      const auto search = as_search(statement);
      if (search) plan = plan_once(planner, id, *search);
    }
    if (plan) plans[i] = std::move(*plan);
  }
  return plans;
}

Result<PlannedLoad> read_planned_load(Connection& connection, SnapshotHistory& history,
                                      DurationMs window_min_ms, const Context& context) {
  PlannedLoad out;
  auto snapshot = read_statements(connection);
  if (!snapshot && snapshot.error().code() == ErrorCode::kNotFound) {
    out.needs = snapshot.error().message();
    return out;
  }
  if (!snapshot) return std::unexpected(snapshot.error());
  out.workload = history.add(std::move(*snapshot));
  if (out.workload.window_ms < window_min_ms) {
    const auto minutes = (window_min_ms - out.workload.window_ms + kMinuteMs - 1) / kMinuteMs;
    out.needs = fmt::format("{} more minute{} of load", minutes, minutes == 1 ? "" : "s");
    return out;
  }
  out.plans = TRY(plan_all(connection, out.workload, context));
  return out;
}

}  // namespace trimtab::advise::postgresql
