// SPDX-License-Identifier: Apache-2.0
#include "advise/postgresql/planner.h"

#include <fmt/format.h>

namespace trimtab::advise::postgresql {

using trimtab::postgresql::Connection;

namespace {

std::string name_of(int id) { return fmt::format("trimtab_{}", id); }

}  // namespace

Result<Planner> Planner::create(Connection& connection) {
  constexpr int kVersionMin = 120000;
  if (connection.server_version() < kVersionMin) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("generic plans need PostgreSQL 12 or later; the server is {}",
                            connection.server_version() / 10000));
  }
  TRY(connection.execute("SET plan_cache_mode = force_generic_plan"));
  // Only a superuser may; others leave a few entries of their own in pg_stat_statements.
  static_cast<void>(connection.execute("SET pg_stat_statements.track = 'none'"));
  return Planner(connection);
}

Status Planner::prepare(int id, const StatementText& statement) {
  if (statement.kind == StatementKind::kOther) return invalid("no statement that can be planned");
  forget(id);
  TRY(connection_->query(fmt::format("PREPARE {} AS {}", name_of(id), statement.preparable)));
  parameters_[id] = statement.parameters;
  return ok();
}

void Planner::forget(int id) {
  if (parameters_.erase(id) > 0) static_cast<void>(connection_->execute("DEALLOCATE " + name_of(id)));
}

Result<Plan> Planner::explain(int id) {
  const auto known = parameters_.find(id);
  if (known == parameters_.end())
    return fail(ErrorCode::kNotFound, fmt::format("statement {} is not prepared", id));
  std::string nulls;
  for (int i = 0; i < known->second; ++i) nulls += i == 0 ? "(NULL" : ", NULL";
  if (!nulls.empty()) nulls += ")";
  // The connection marks the first statement as ours. DISCARD PLANS: hypothetical indexes do not invalidate a
  // plan that was made before them.
  TRY(
      connection_->execute(fmt::format("BEGIN READ ONLY; /* trimtab */ SET LOCAL "
                                       "statement_timeout = {}; /* trimtab */ DISCARD PLANS",
                                       kTimeoutMs)));
  ++explain_count_;
  auto rows =
      connection_->query(fmt::format("EXPLAIN (FORMAT JSON, VERBOSE) EXECUTE {}{}", name_of(id), nulls));
  TRY(connection_->execute("ROLLBACK"));
  if (!rows) return std::unexpected(rows.error());
  if (rows->size() == 0) return invalid("an empty answer of EXPLAIN");
  return read_plan(rows->text(0, 0));
}

Status refuse_foreign_code(Connection& connection) {
  const auto rows =
      TRY(connection.query("SELECT current_setting('is_superuser') = 'on', "
                           "(SELECT count(*) FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner "
                           " WHERE NOT r.rolsuper AND p.provolatile <> 'v')"));
  if (rows.text(0, 0) == "t" && rows.integer(0, 1) > 0) {
    return fail(
        ErrorCode::kDenied,
        fmt::format("{} immutable or stable functions belong to roles that are no superusers, and planning "
                    "a statement would run them with the rights of this session, a superuser; give "
                    "`dsn` a role without SUPERUSER (pg_monitor and pg_read_all_data)",
                    rows.integer(0, 1)));
  }
  return ok();
}

}  // namespace trimtab::advise::postgresql
