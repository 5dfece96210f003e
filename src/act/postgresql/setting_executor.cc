// SPDX-License-Identifier: Apache-2.0
// ALTER SYSTEM, and back to the same bytes of postgresql.auto.conf.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "act/postgresql/session.h"

namespace trimtab::act {

namespace {

using postgresql::Connection;
using postgresql::Rows;

// A setting that runs programs, loads code, moves files or holds secrets is none of ours.
bool is_forbidden(std::string_view name) {
  constexpr std::array<std::string_view, 7> kParts = {
      "command", "librar", "path", "conninfo", "ssl_", "password", "listen_addresses"};
  return std::ranges::any_of(
      kParts, [&](std::string_view part) { return name.find(part) != std::string_view::npos; });
}

// Names in postgresql.auto.conf in their order; the server appends whatever ALTER SYSTEM sets.
struct Entry {
  std::string name;
  std::string value;
};
Result<std::vector<Entry>> auto_entries(Connection& connection) {
  const Rows rows = TRY(connection.query(
      "SELECT name, setting FROM pg_file_settings WHERE sourcefile = current_setting('data_directory') || "
      "'/postgresql.auto.conf' AND name IS NOT NULL ORDER BY sourceline"));
  std::vector<Entry> out;
  for (std::size_t i = 0; i < rows.size(); ++i) out.push_back({rows.text(i, 0), rows.text(i, 1)});
  return out;
}

Status set_entry(Connection& connection, const Entry& entry) {
  return connection.execute(fmt::format("ALTER SYSTEM SET {} = {}", postgresql::quote_name(entry.name),
                                        postgresql::quote_literal(entry.value)));
}

// Asks for a reload and waits until this session has it.
Status reload(Connection& connection) {
  const Rows now = TRY(connection.query("SELECT clock_timestamp()::text"));
  TRY(connection.query("SELECT pg_reload_conf()"));
  for (int i = 0; i < 100; ++i) {
    const Rows loaded =
        TRY(connection.query("SELECT pg_conf_load_time() >= $1::timestamptz", {now.text(0, 0)}));
    if (loaded.text(0, 0) == "t") return ok();
    TRY(connection.query("SELECT pg_sleep(0.05)"));
  }
  return fail(ErrorCode::kUnavailable, "the server did not reload its configuration within 5 s");
}

// Undo state: "absent", or "set" and the earlier value; then the names that stood after it in the file.
class SettingChanger final : public PostgresqlExecutor {
 public:
  using PostgresqlExecutor::PostgresqlExecutor;

  Status check(const Action& action) override {
    const Entry wanted = TRY(read(action));
    auto session = TRY(open(action));
    const Rows able = TRY((*session)->query(
        "SELECT pg_is_in_recovery(), has_function_privilege('pg_reload_conf()', 'EXECUTE'), "
        "has_table_privilege('pg_file_settings', 'SELECT') AND "
        "has_function_privilege('pg_show_all_file_settings()', 'EXECUTE')"));
    if (able.text(0, 0) == "t") return fail(ErrorCode::kDenied, "the server is a standby");
    if (able.text(0, 1) != "t" || able.text(0, 2) != "t") {
      return fail(ErrorCode::kDenied,
                  "needs EXECUTE on pg_reload_conf() and pg_show_all_file_settings(), SELECT on "
                  "pg_file_settings");
    }
    const Rows setting =
        TRY((*session)->query("SELECT context, source FROM pg_settings WHERE name = $1", {wanted.name}));
    if (setting.size() == 0) {
      return fail(ErrorCode::kNotFound, fmt::format("there is no setting \"{}\"", wanted.name));
    }
    const std::string context = setting.text(0, 0);
    if (context == "postmaster" || context == "internal") {
      return fail(ErrorCode::kUnsupported,
                  fmt::format("{} needs a restart; only reloads are done", wanted.name));
    }
    const std::string source = setting.text(0, 1);
    if (source != "default" && source != "configuration file" && source != "environment variable" &&
        source != "override" && source != "client") {
      return fail(ErrorCode::kConflict,
                  fmt::format("{} is set by {}, which wins over ALTER SYSTEM", wanted.name, source));
    }
    return check_privilege(**session, wanted.name);
  }

  Result<std::string> capture(const Action& action) override {
    const Entry wanted = TRY(read(action));
    auto session = TRY(open(action));
    const std::vector<Entry> entries = TRY(auto_entries(**session));
    const auto found = std::ranges::find(entries, wanted.name, &Entry::name);
    if (found == entries.end()) return std::string("absent");
    std::vector<std::string> fields{"set", found->value};
    for (auto after = found + 1; after != entries.end(); ++after) fields.push_back(after->name);
    return join_fields(fields);
  }

  Status apply(const Action& action, const std::string&) override {
    const Entry wanted = TRY(read(action));
    auto session = TRY(open(action));
    TRY(set_entry(**session, wanted));
    return reload(**session);
  }

  // Also asks for a reload: the file may have been written by a process that died before it could.
  Result<bool> is_applied(const Action& action, const std::string&) override {
    const Entry wanted = TRY(read(action));
    auto session = TRY(open(action));
    if (!stands(TRY(auto_entries(**session)), wanted)) return false;
    TRY(reload(**session));
    const Rows bad = TRY((*session)->query(
        "SELECT 1 FROM pg_file_settings WHERE name = $1 AND error IS NOT NULL", {wanted.name}));
    return bad.size() == 0;
  }

  Status undo(const Action& action, const std::string& undo_state) override {
    const Entry wanted = TRY(read(action));
    const std::vector<std::string> fields = split_fields(undo_state);
    auto session = TRY(open(action));
    if (fields[0] == "absent") {
      TRY((*session)->execute("ALTER SYSTEM RESET " + postgresql::quote_name(wanted.name)));
      return reload(**session);
    }
    if (fields[0] != "set" || fields.size() < 2) return invalid("undo of set: not what capture() wrote");
    TRY(set_entry(**session, {wanted.name, fields[1]}));
    // What stood after it moves behind it again.
    for (std::size_t i = 2; i < fields.size(); ++i) {
      const std::vector<Entry> entries = TRY(auto_entries(**session));
      const auto found = std::ranges::find(entries, fields[i], &Entry::name);
      if (found != entries.end()) TRY(set_entry(**session, *found));
    }
    return reload(**session);
  }

  Result<bool> is_undone(const Action& action, const std::string& undo_state) override {
    const Entry wanted = TRY(read(action));
    const std::vector<std::string> fields = split_fields(undo_state);
    auto session = TRY(open(action));
    const std::vector<Entry> entries = TRY(auto_entries(**session));
    const auto found = std::ranges::find(entries, wanted.name, &Entry::name);
    if (fields[0] == "absent") {
      if (found != entries.end()) return false;
    } else {
      if (found == entries.end() || fields.size() < 2 || found->value != fields[1]) return false;
      // In its old place: nothing that stood after it stands before it.
      const bool moved = std::any_of(entries.begin(), found, [&](const Entry& entry) {
        return std::find(fields.begin() + 2, fields.end(), entry.name) != fields.end();
      });
      if (moved) return false;
    }
    TRY(reload(**session));
    return true;
  }

 private:
  static Result<Entry> read(const Action& action) {
    TRY(check_parameters(action, {"setting", "value"}));
    Entry out;
    out.name = TRY(parameter(action, "setting"));
    const auto value = action.parameters.find("value");
    if (value == action.parameters.end()) return invalid("postgresql.set: value is missing");
    out.value = value->second;
    const bool plain = std::ranges::all_of(out.name, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
    });
    if (!plain || out.name.size() > 63 || out.value.find('\n') != std::string::npos) {
      return invalid("postgresql.set: expected the name of a setting and a value of one line");
    }
    if (is_forbidden(out.name)) {
      return fail(ErrorCode::kDenied, fmt::format("{} is not set by Trimtab", out.name));
    }
    return out;
  }
  static bool stands(const std::vector<Entry>& entries, const Entry& wanted) {
    return std::ranges::any_of(entries, [&](const Entry& entry) {
      return entry.name == wanted.name && entry.value == wanted.value;
    });
  }
  // Since version 15 the privilege is by setting; before that it takes a superuser.
  static Status check_privilege(Connection& connection, const std::string& name) {
    const std::string may = connection.server_version() >= 150000
                                ? "SELECT has_parameter_privilege($1, 'ALTER SYSTEM')"
                                : "SELECT rolsuper FROM pg_roles WHERE rolname = current_user AND $1 <> ''";
    const Rows rows = TRY(connection.query(may, {name}));
    if (rows.size() > 0 && rows.text(0, 0) == "t") return ok();
    return fail(ErrorCode::kDenied, fmt::format("needs GRANT ALTER SYSTEM ON PARAMETER {}", name));
  }
};

}  // namespace

std::unique_ptr<Executor> create_setting_changer(PostgresqlAccess access) {
  return std::make_unique<SettingChanger>(std::move(access));
}

}  // namespace trimtab::act
