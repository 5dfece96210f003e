// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace trimtab::postgresql {

// What a query gave, as text. Row-major; SQL's NULL is an empty optional.
struct Rows {
  std::vector<std::string> columns;
  std::vector<std::optional<std::string>> cells;
  std::size_t size() const { return columns.empty() ? 0 : cells.size() / columns.size(); }
  const std::optional<std::string>& at(std::size_t row, std::size_t column) const {
    return cells[row * columns.size() + column];
  }
  // "" for NULL.
  std::string text(std::size_t row, std::size_t column) const { return at(row, column).value_or(""); }
  // 0 for NULL or what is no number.
  double number(std::size_t row, std::size_t column) const;
  std::int64_t integer(std::size_t row, std::size_t column) const;
};

struct ConnectionOptions {
  std::string dsn;                      // never part of an error
  std::string name;                     // what errors say: "postgresql/main"
  std::string application = "trimtab";  // application_name; Trimtab leaves its own sessions out
  bool read_only = true;                // default_transaction_read_only
  DurationMs connect_timeout_ms = 5 * kSecondMs;
  DurationMs statement_timeout_ms = 10 * kSecondMs;
  DurationMs lock_timeout_ms = 2 * kSecondMs;
  std::size_t rows_max = 200'000;  // more is kLimit
  // PgBouncer's console: no settings, no parameters; query() then speaks the simple protocol.
  bool console = false;
  const std::atomic<bool>* cancelled = nullptr;  // polled a few times a second while waiting
};

// One session over libpq. Externally locked. Every statement starts with a comment that holds
// `application`, so that pg_stat_statements tells ours from others. A server that goes silent is given up
// kAnswerGraceMs after the statement's own time-out; the session is lost then. Errors: kUnavailable (refused,
// gone), kDenied (login, missing privilege), kTimeout (statement or lock time-out), kConflict (duplicate
// object, deadlock), kNotFound (undefined object), kInvalid (what the server calls a mistake), kLimit,
// kCancelled. Messages are the server's own with its SQLSTATE, after the target's name; never the DSN or
// parameters.
class Connection {
 public:
  static Result<std::unique_ptr<Connection>> open(const ConnectionOptions& options);
  virtual ~Connection() = default;

  // Parameters are $1, $2, ... as text. Exactly one statement.
  virtual Result<Rows> query(const std::string& sql,
                             const std::vector<std::optional<std::string>>& parameters = {}) = 0;
  // One or more statements without parameters, as a script would send them.
  virtual Status execute(const std::string& sql) = 0;
  // For a statement that may take long (CREATE INDEX CONCURRENTLY): 0 = no limit, until cancelled.
  virtual Status set_statement_timeout(DurationMs timeout_ms) = 0;
  virtual int server_version() const = 0;  // 150018
  // Any thread: asks the server to end the statement under way.
  virtual void cancel() = 0;
  // SQLSTATE of the newest error, "42P07"; "" after success.
  virtual const std::string& sql_state() const = 0;

  static constexpr DurationMs kAnswerGraceMs = 2 * kSecondMs;
};

// "orders" -> "\"orders\"", with embedded quotes doubled. For names only; a NUL byte is kInvalid by the
// server. Always quoted, so reserved words and case survive.
std::string quote_name(std::string_view name);
std::string quote_name(std::string_view schema, std::string_view name);
// 'text' with quotes doubled; E'...' where backslashes stand in it.
std::string quote_literal(std::string_view text);

}  // namespace trimtab::postgresql
