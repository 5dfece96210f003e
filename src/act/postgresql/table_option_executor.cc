// SPDX-License-Identifier: Apache-2.0
// Storage parameters of a table: ALTER TABLE SET (...).
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "act/postgresql/session.h"

namespace trimtab::act {

namespace {

using postgresql::Connection;
using postgresql::Rows;

struct Wanted {
  std::string schema;
  std::string table;
  std::string option;  // "autovacuum_vacuum_scale_factor=0.02"
};

std::string name_of(const std::string& option) { return option.substr(0, option.find('=')); }

// "name = 'value', ..."
std::string assignments(const std::vector<std::string>& options) {
  std::vector<std::string> out;
  for (const std::string& option : options) {
    const std::size_t equals = option.find('=');
    out.push_back(fmt::format("{} = {}", postgresql::quote_name(option.substr(0, equals)),
                              postgresql::quote_literal(option.substr(equals + 1))));
  }
  return fmt::format("{}", fmt::join(out, ", "));
}

std::string names(const std::vector<std::string>& options) {
  std::vector<std::string> out;
  for (const std::string& option : options) out.push_back(postgresql::quote_name(name_of(option)));
  return fmt::format("{}", fmt::join(out, ", "));
}

Result<std::vector<std::string>> options_of(Connection& connection, const Wanted& wanted) {
  const Rows rows = TRY(connection.query(
      "SELECT o.option FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, "
      "unnest(c.reloptions) WITH ORDINALITY AS o (option, place) WHERE n.nspname = $1 AND c.relname = $2 "
      "ORDER BY o.place",
      {wanted.schema, wanted.table}));
  std::vector<std::string> out;
  for (std::size_t i = 0; i < rows.size(); ++i) out.push_back(rows.text(i, 0));
  return out;
}

// Undo state: the earlier pg_class.reloptions.
class TableOptionChanger final : public PostgresqlExecutor {
 public:
  using PostgresqlExecutor::PostgresqlExecutor;

  Status check(const Action& action) override {
    const Wanted wanted = TRY(read(action));
    auto session = TRY(open(action));
    return check_table(**session, wanted.schema, wanted.table);
  }

  Result<std::string> capture(const Action& action) override {
    const Wanted wanted = TRY(read(action));
    auto session = TRY(open(action));
    return join_fields(TRY(options_of(**session, wanted)));
  }

  Status apply(const Action& action, const std::string&) override {
    const Wanted wanted = TRY(read(action));
    auto session = TRY(open(action));
    return (*session)->execute(fmt::format("ALTER TABLE {} SET ({})",
                                           postgresql::quote_name(wanted.schema, wanted.table),
                                           assignments({wanted.option})));
  }

  Result<bool> is_applied(const Action& action, const std::string&) override {
    const Wanted wanted = TRY(read(action));
    auto session = TRY(open(action));
    const std::vector<std::string> now = TRY(options_of(**session, wanted));
    return std::ranges::find(now, wanted.option) != now.end();
  }

  // All options go and the earlier ones come back in their order, in one transaction.
  Status undo(const Action& action, const std::string& undo_state) override {
    const Wanted wanted = TRY(read(action));
    auto session = TRY(open(action));
    const std::vector<std::string> now = TRY(options_of(**session, wanted));
    const std::vector<std::string> earlier = fields_of(undo_state);
    const std::string table = postgresql::quote_name(wanted.schema, wanted.table);
    std::string script;
    if (!now.empty()) script += fmt::format("ALTER TABLE {} RESET ({});", table, names(now));
    if (!earlier.empty()) script += fmt::format("ALTER TABLE {} SET ({});", table, assignments(earlier));
    return script.empty() ? ok() : (*session)->execute(script);
  }

  Result<bool> is_undone(const Action& action, const std::string& undo_state) override {
    const Wanted wanted = TRY(read(action));
    auto session = TRY(open(action));
    return TRY(options_of(**session, wanted)) == fields_of(undo_state);
  }

 private:
  static std::vector<std::string> fields_of(const std::string& undo_state) {
    return undo_state.empty() ? std::vector<std::string>{} : split_fields(undo_state);
  }
  static Result<Wanted> read(const Action& action) {
    TRY(check_parameters(action, {"schema", "table", "setting", "value"}));
    Wanted out;
    out.schema = TRY(parameter(action, "schema"));
    out.table = TRY(parameter(action, "table"));
    const std::string setting = TRY(parameter(action, "setting"));
    const std::string value = TRY(parameter(action, "value"));
    const bool plain =
        std::ranges::all_of(setting, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
    if (!plain || setting.size() > 63) {
      return invalid("postgresql.table_set: setting: expected the name of a storage parameter");
    }
    out.option = setting + "=" + value;
    return out;
  }
};

}  // namespace

std::unique_ptr<Executor> create_table_option_changer(PostgresqlAccess access) {
  return std::make_unique<TableOptionChanger>(std::move(access));
}

}  // namespace trimtab::act
