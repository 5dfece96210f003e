// SPDX-License-Identifier: Apache-2.0
// How large a sample ANALYZE takes for one column: ALTER TABLE ... ALTER COLUMN ... SET STATISTICS.
#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "act/postgresql/session.h"

namespace trimtab::act {

namespace {

using postgresql::Connection;
using postgresql::quote_name;
using postgresql::Rows;

constexpr int kTargetMax = 10'000;  // the server's own bound

struct Wanted {
  std::string schema;
  std::string table;
  std::string column;
  int target = 0;
};

// Undo state: "default", or the target that was set for the column.
class ColumnStatisticsChanger final : public PostgresqlExecutor {
 public:
  using PostgresqlExecutor::PostgresqlExecutor;

  Status check(const Action& action) override {
    const Wanted wanted = TRY(read(action));
    auto session = TRY(open(action));
    TRY(check_table(**session, wanted.schema, wanted.table));
    const auto now = TRY(target_of(**session, wanted));
    if (!now) {
      return fail(ErrorCode::kNotFound, fmt::format("{} has no column \"{}\"",
                                                    quote_name(wanted.schema, wanted.table), wanted.column));
    }
    if (*now == std::to_string(wanted.target)) {
      return fail(ErrorCode::kConflict, fmt::format("the column's target is {} already", *now));
    }
    return ok();
  }

  Result<std::string> capture(const Action& action) override {
    const Wanted wanted = TRY(read(action));
    auto session = TRY(open(action));
    const auto now = TRY(target_of(**session, wanted));
    if (!now) return fail(ErrorCode::kNotFound, "the column is gone");
    return *now;
  }

  Status apply(const Action& action, const std::string&) override {
    const Wanted wanted = TRY(read(action));
    return set(action, wanted, wanted.target);
  }

  Result<bool> is_applied(const Action& action, const std::string&) override {
    const Wanted wanted = TRY(read(action));
    auto session = TRY(open(action));
    return TRY(target_of(**session, wanted)) == std::to_string(wanted.target);
  }

  Status undo(const Action& action, const std::string& undo_state) override {
    const Wanted wanted = TRY(read(action));
    const int earlier = undo_state == kDefault ? -1 : TRY(number(undo_state));
    {
      auto session = TRY(open(action));
      const auto now = TRY(target_of(**session, wanted));
      if (!now || *now == undo_state) return ok();
    }
    return set(action, wanted, earlier);
  }

  Result<bool> is_undone(const Action& action, const std::string& undo_state) override {
    const Wanted wanted = TRY(read(action));
    auto session = TRY(open(action));
    const auto now = TRY(target_of(**session, wanted));
    return !now || *now == undo_state;  // a column that is gone took its target along
  }

 private:
  static constexpr const char* kDefault = "default";

  // "default" or the number; nothing when there is no such column. Before version 17 the default is -1, then
  // NULL.
  static Result<std::optional<std::string>> target_of(Connection& connection, const Wanted& wanted) {
    const Rows rows = TRY(connection.query(
        "SELECT CASE WHEN coalesce(a.attstattarget, -1) < 0 THEN 'default' ELSE a.attstattarget::text END "
        "FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = "
        "c.relnamespace WHERE n.nspname = $1 AND c.relname = $2 AND a.attname = $3 AND a.attnum > 0 AND NOT "
        "a.attisdropped",
        {wanted.schema, wanted.table, wanted.column}));
    if (rows.size() == 0) return std::optional<std::string>();
    return std::optional(rows.text(0, 0));
  }

  // Target and statistics in one transaction: either both are there or none. The lock (SHARE UPDATE
  // EXCLUSIVE) lets reads and writes through.
  Status set(const Action& action, const Wanted& wanted, int target) {
    auto session = TRY(open(action));
    TRY(allow_long(**session));
    const std::string table = quote_name(wanted.schema, wanted.table), column = quote_name(wanted.column);
    return (*session)->execute(fmt::format(
        "ALTER TABLE {0} ALTER COLUMN {1} SET STATISTICS {2}; ANALYZE {0} ({1})", table, column, target));
  }

  static Result<int> number(const std::string& text) {
    int out = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc() || end != text.data() + text.size() || out < 0 || out > kTargetMax) {
      return invalid(
          fmt::format("postgresql.column_statistics: target: expected a whole number up to {}", kTargetMax));
    }
    return out;
  }
  static Result<Wanted> read(const Action& action) {
    TRY(check_parameters(action, {"schema", "table", "column", "target"}));
    Wanted out;
    out.schema = TRY(parameter(action, "schema"));
    out.table = TRY(parameter(action, "table"));
    out.column = TRY(parameter(action, "column"));
    const std::string target = TRY(parameter(action, "target"));
    out.target = TRY(number(target));
    return out;
  }
};

}  // namespace

std::unique_ptr<Executor> create_column_statistics_changer(PostgresqlAccess access) {
  return std::make_unique<ColumnStatisticsChanger>(std::move(access));
}

}  // namespace trimtab::act
