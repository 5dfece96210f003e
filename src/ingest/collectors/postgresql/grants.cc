// SPDX-License-Identifier: Apache-2.0
#include "ingest/collectors/postgresql/grants.h"

#include <fmt/format.h>

namespace trimtab::postgresql {
namespace {

constexpr const char* kFacts = R"(
SELECT current_user, current_database(), pg_has_role(current_user, 'pg_monitor', 'MEMBER'),
  (SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
   WHERE e.extname = 'pg_stat_statements'),
  CASE WHEN pg_has_role(current_user, 'pg_read_all_settings', 'MEMBER')
    THEN current_setting('shared_preload_libraries') LIKE '%pg_stat_statements%' ELSE true END,
  (SELECT extversion FROM pg_extension WHERE extname = 'pg_stat_statements'))";

constexpr const char* kActFacts = R"(
SELECT current_user, current_database(), r.rolsuper,
  (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
     AND NOT pg_has_role(current_user, c.relowner, 'USAGE')),
  (SELECT string_agg(DISTINCT quote_ident(o.rolname), ', ') FROM pg_class c
   JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles o ON o.oid = c.relowner
   WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
     AND NOT pg_has_role(current_user, c.relowner, 'USAGE'))
FROM pg_roles r WHERE r.rolname = current_user)";

// PostgreSQL 15 and later let a role change single settings without being superuser.
constexpr const char* kMayAlterSystem =
    "SELECT has_parameter_privilege(current_user, 'work_mem', 'ALTER SYSTEM'), "
    "has_function_privilege(current_user, 'pg_reload_conf()', 'EXECUTE')";

}  // namespace

Result<ServerFacts> read_facts(Connection& connection) {
  const Rows rows = TRY(connection.query(kFacts));
  ServerFacts facts;
  facts.role = rows.text(0, 0);
  facts.database = rows.text(0, 1);
  facts.monitor = rows.text(0, 2) == "t";
  facts.statements_schema = rows.text(0, 3);
  facts.statements_loaded = rows.text(0, 4) == "t";
  facts.statements_version = rows.text(0, 5);
  return facts;
}

std::vector<std::pair<std::string, std::string>> missing_grants(const ServerFacts& facts) {
  std::vector<std::pair<std::string, std::string>> out;
  if (!facts.monitor) {
    out.emplace_back("grants", fmt::format("role {0} sees only its own sessions and statements; repair: "
                                           "GRANT pg_monitor TO {0};",
                                           quote_name(facts.role)));
  }
  if (!facts.statements_loaded) {
    out.emplace_back(
        "statements",
        "pg_stat_statements is not loaded; repair: add it to shared_preload_libraries and restart "
        "the server");
  } else if (facts.statements_schema.empty()) {
    out.emplace_back("statements", fmt::format("pg_stat_statements is not in database {}; repair: CREATE "
                                               "EXTENSION pg_stat_statements;",
                                               quote_name(facts.database)));
  }
  return out;
}

Result<std::vector<std::string>> missing_act_grants(Connection& connection) {
  std::vector<std::string> out;
  const Rows rows = TRY(connection.query(kActFacts));
  const std::string role = quote_name(rows.text(0, 0));
  if (rows.text(0, 2) == "t") return out;
  if (rows.integer(0, 3) > 0) {
    out.push_back(
        fmt::format("act: role {0} owns {1} table{2} of database {3} not, so it can not make indexes "
                    "on them; repair: GRANT {4} TO {0};",
                    role, rows.integer(0, 3), rows.integer(0, 3) == 1 ? "" : "s", quote_name(rows.text(0, 1)),
                    rows.text(0, 4)));
  }
  if (connection.server_version() < 150000) {
    out.push_back(
        fmt::format("act: role {} can not change settings: ALTER SYSTEM needs a superuser before "
                    "PostgreSQL 15",
                    role));
    return out;
  }
  const Rows may = TRY(connection.query(kMayAlterSystem));
  if (may.text(0, 0) != "t") {
    out.push_back(
        fmt::format("act: role {0} can not change settings; repair, for each one it may change: GRANT "
                    "ALTER SYSTEM ON PARAMETER work_mem TO {0};",
                    role));
  }
  if (may.text(0, 1) != "t") {
    out.push_back(
        fmt::format("act: role {0} can not make the server read its settings again; repair: GRANT "
                    "EXECUTE ON FUNCTION pg_reload_conf() TO {0};",
                    role));
  }
  return out;
}

}  // namespace trimtab::postgresql
