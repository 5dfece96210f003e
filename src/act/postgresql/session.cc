// SPDX-License-Identifier: Apache-2.0
#include "act/postgresql/session.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace trimtab::act {

namespace {
constexpr std::size_t kParameterBytesMax = 64 << 10;
constexpr char kSeparator = '\x1e';  // the record separator of ASCII; no name or value of ours holds it
}  // namespace

Status check_parameters(const Action& action, std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : action.parameters) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return invalid(fmt::format("{}: unknown parameter \"{}\"; known: {}", action.type, name.substr(0, 64),
                                 fmt::join(known, ", ")));
    }
    if (value.size() > kParameterBytesMax || value.find('\0') != std::string::npos ||
        value.find(kSeparator) != std::string::npos) {
      return invalid(fmt::format("{}: {}: too long, or with a control character", action.type, name));
    }
  }
  return ok();
}

Result<std::string> parameter(const Action& action, const std::string& name) {
  const auto found = action.parameters.find(name);
  if (found == action.parameters.end() || found->second.empty()) {
    return invalid(fmt::format("{}: {} is missing", action.type, name));
  }
  return found->second;
}

std::string join_fields(const std::vector<std::string>& fields) {
  return fmt::format("{}", fmt::join(fields, std::string(1, kSeparator)));
}

std::vector<std::string> split_fields(std::string_view joined) {
  std::vector<std::string> out;
  for (;;) {
    const std::size_t end = joined.find(kSeparator);
    out.emplace_back(joined.substr(0, end));
    if (end == std::string_view::npos) return out;
    joined.remove_prefix(end + 1);
  }
}

PostgresqlExecutor::Session::Session(PostgresqlExecutor& owner,
                                     std::unique_ptr<postgresql::Connection> connection)
    : owner_(owner), connection_(std::move(connection)) {
  const std::lock_guard lock(owner_.mutex_);
  owner_.current_ = connection_.get();
}

PostgresqlExecutor::Session::~Session() {
  const std::lock_guard lock(owner_.mutex_);
  owner_.current_ = nullptr;
}

void PostgresqlExecutor::cancel() {
  const std::lock_guard lock(mutex_);
  if (current_ != nullptr) current_->cancel();
}

Result<std::unique_ptr<PostgresqlExecutor::Session>> PostgresqlExecutor::open(const Action& action) {
  postgresql::ConnectionOptions options = TRY(access_(action.target));
  options.name = action.target;
  options.application = "trimtab-act";
  options.read_only = false;
  return std::make_unique<Session>(*this, TRY(postgresql::Connection::open(options)));
}

Result<IndexFacts> read_index(postgresql::Connection& connection, const std::string& schema,
                              const std::string& name) {
  const postgresql::Rows rows = TRY(connection.query(
      "SELECT c.relkind IN ('i', 'I'), coalesce(i.indisvalid AND i.indisready, false), "
      "coalesce(i.indisprimary OR i.indisreplident, false) OR EXISTS (SELECT 1 FROM pg_constraint k WHERE "
      "k.conindid = c.oid), pg_has_role(c.relowner, 'USAGE'), t.relname, "
      "CASE WHEN i.indexrelid IS NOT NULL THEN pg_get_indexdef(c.oid) END, s.spcname, "
      "obj_description(c.oid, 'pg_class') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
      "LEFT JOIN pg_index i ON i.indexrelid = c.oid LEFT JOIN pg_class t ON t.oid = i.indrelid "
      "LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace WHERE n.nspname = $1 AND c.relname = $2",
      {schema, name}));
  IndexFacts facts;
  if (rows.size() == 0) return facts;
  facts.exists = true;
  facts.is_index = rows.text(0, 0) == "t";
  facts.valid = rows.text(0, 1) == "t";
  facts.constraint = rows.text(0, 2) == "t";
  facts.owned = rows.text(0, 3) == "t";
  facts.table = rows.text(0, 4);
  facts.definition = rows.text(0, 5);
  facts.tablespace = rows.text(0, 6);
  facts.comment = rows.text(0, 7);
  return facts;
}

Status check_table(postgresql::Connection& connection, const std::string& schema, const std::string& table) {
  const postgresql::Rows rows = TRY(connection.query(
      "SELECT c.relkind, pg_has_role(c.relowner, 'USAGE'), pg_is_in_recovery() FROM pg_class c JOIN "
      "pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2",
      {schema, table}));
  const std::string name = postgresql::quote_name(schema, table);
  if (rows.size() == 0) return fail(ErrorCode::kNotFound, fmt::format("there is no table {}", name));
  if (rows.text(0, 2) == "t") {
    return fail(ErrorCode::kDenied, "the server is a standby: changes are made on its primary");
  }
  if (rows.text(0, 0) != "r" && rows.text(0, 0) != "m") {
    return fail(ErrorCode::kUnsupported,
                fmt::format("{} is no ordinary table (relkind {})", name, rows.text(0, 0)));
  }
  if (rows.text(0, 1) != "t") {
    return fail(ErrorCode::kDenied, fmt::format("{} belongs to another role; grant that role to ours", name));
  }
  return ok();
}

Status allow_long(postgresql::Connection& connection) {
  TRY(connection.set_statement_timeout(0));
  return connection.execute("SET lock_timeout = '60s'");
}

void add_postgresql_executors(Executors& executors, const PostgresqlAccess& access) {
  executors.add("postgresql.create_index", create_index_creator(access));
  executors.add("postgresql.drop_index", create_index_dropper(access));
  executors.add("postgresql.set", create_setting_changer(access));
  executors.add("postgresql.table_set", create_table_option_changer(access));
  executors.add("postgresql.column_statistics", create_column_statistics_changer(access));
}

}  // namespace trimtab::act
