// SPDX-License-Identifier: Apache-2.0
#include "targets/postgresql/connection.h"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <utility>

namespace trimtab::postgresql {

namespace {

constexpr int kPollMs = 200;

struct FreeResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using ResultPtr = std::unique_ptr<PGresult, FreeResult>;

struct FreeConnection {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using ConnectionPtr = std::unique_ptr<PGconn, FreeConnection>;

struct FreeCancel {
  void operator()(PGcancel* cancel) const { PQfreeCancel(cancel); }
};

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  return text;
}

// SQLSTATE to what a caller can do about it (PostgreSQL manual, appendix A).
ErrorCode code_of(std::string_view state) {
  if (state == "57014") return ErrorCode::kTimeout;  // query_canceled: statement_timeout or cancel()
  if (state == "55P03") return ErrorCode::kTimeout;  // lock_not_available
  if (state == "42501") return ErrorCode::kDenied;   // insufficient_privilege
  if (state == "25006") return ErrorCode::kDenied;   // read_only_sql_transaction
  if (state == "40P01" || state == "40001") return ErrorCode::kConflict;
  if (state == "42P07" || state == "42710") return ErrorCode::kConflict;  // duplicate table (index), object
  if (state == "42P01" || state == "42704" || state == "42703" || state == "3F000")
    return ErrorCode::kNotFound;
  const std::string_view kind = state.substr(0, 2);
  if (kind == "08" || kind == "57") return ErrorCode::kUnavailable;
  if (kind == "53") return ErrorCode::kUnavailable;  // insufficient resources: disk, memory, connections
  if (kind == "28") return ErrorCode::kDenied;
  if (kind == "XX" || kind == "58") return ErrorCode::kIo;
  return ErrorCode::kInvalid;
}

class LibpqConnection final : public Connection {
 public:
  LibpqConnection(ConnectionPtr connection, ConnectionOptions options)
      : connection_(std::move(connection)),
        cancel_(PQgetCancel(connection_.get())),
        options_(std::move(options)) {
    tag_ = fmt::format("/* {} */ ", options_.application);
    options_.dsn.clear();
  }

  Result<Rows> query(const std::string& sql,
                     const std::vector<std::optional<std::string>>& parameters) override {
    std::vector<const char*> values;
    values.reserve(parameters.size());
    for (const auto& parameter : parameters) values.push_back(parameter ? parameter->c_str() : nullptr);
    const std::string tagged = tag_ + sql;
    const bool sent = options_.console ? PQsendQuery(connection_.get(), sql.c_str()) == 1
                                       : PQsendQueryParams(connection_.get(), tagged.c_str(),
                                                           static_cast<int>(values.size()), nullptr,
                                                           values.data(), nullptr, nullptr, 0) == 1;
    const ResultPtr result = TRY(wait(sent));
    TRY(check(result.get()));
    return read(result.get());
  }

  Status execute(const std::string& sql) override {
    const std::string tagged = options_.console ? sql : tag_ + sql;
    const ResultPtr result = TRY(wait(PQsendQuery(connection_.get(), tagged.c_str()) == 1));
    return check(result.get());
  }

  Status set_statement_timeout(DurationMs timeout_ms) override {
    TRY(query("SELECT set_config('statement_timeout', $1, false)", {std::to_string(timeout_ms)}));
    options_.statement_timeout_ms = timeout_ms;
    return ok();
  }

  Status prepare_session() {
    if (options_.console) return ok();
    // One statement with our mark, so that it can be told from others'.
    TRY(
        query("SELECT set_config('statement_timeout', $1, false), set_config('lock_timeout', $2, false), "
              "set_config('default_transaction_read_only', $3, false), "
              "set_config('client_encoding', 'UTF8', false), "
              "set_config('standard_conforming_strings', 'on', false), "
              "set_config('extra_float_digits', '1', false)",
              {std::to_string(options_.statement_timeout_ms), std::to_string(options_.lock_timeout_ms),
               options_.read_only ? "on" : "off"}));
    return ok();
  }

  int server_version() const override { return PQserverVersion(connection_.get()); }
  const std::string& sql_state() const override { return sql_state_; }

  void cancel() override {
    char problem[256];
    PQcancel(cancel_.get(), problem, sizeof problem);
  }

 private:
  std::unexpected<Error> lost(ErrorCode code, std::string_view why) {
    lost_ = true;
    return fail(code, fmt::format("{}: {}", options_.name, why));
  }

  // Until libpq has a whole result: a server that is stopped or cut off never sends one.
  Status wait_readable(std::chrono::steady_clock::time_point deadline) {
    const bool bounded = options_.statement_timeout_ms > 0;
    while (PQisBusy(connection_.get()) == 1) {
      if (options_.cancelled != nullptr && options_.cancelled->load()) {
        return lost(ErrorCode::kCancelled, "given up: stopping");
      }
      if (bounded && std::chrono::steady_clock::now() > deadline) {
        return lost(ErrorCode::kTimeout,
                    fmt::format("no answer within {} ms", options_.statement_timeout_ms + kAnswerGraceMs));
      }
      pollfd socket{.fd = PQsocket(connection_.get()), .events = POLLIN, .revents = 0};
      if (::poll(&socket, 1, kPollMs) < 0 && errno != EINTR) {
        return lost(ErrorCode::kIo, "waiting for an answer failed");
      }
      if (socket.revents != 0 && PQconsumeInput(connection_.get()) == 0) return ok();  // told by check()
    }
    return ok();
  }

  // The last result of what was sent, or the first that is an error, as PQexec gives it.
  Result<ResultPtr> wait(bool sent) {
    if (lost_) return fail(ErrorCode::kUnavailable, fmt::format("{}: connection lost before", options_.name));
    if (!sent) return ResultPtr();
    const auto deadline = std::chrono::steady_clock::now() +
                          std::chrono::milliseconds(options_.statement_timeout_ms + kAnswerGraceMs);
    ResultPtr out;
    for (;;) {
      TRY(wait_readable(deadline));
      ResultPtr next(PQgetResult(connection_.get()));
      if (!next) return out;
      const ExecStatusType status = PQresultStatus(next.get());
      if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
        return lost(ErrorCode::kInvalid, "COPY is not supported here");
      }
      const bool failed = out && PQresultStatus(out.get()) == PGRES_FATAL_ERROR;
      if (!failed) out = std::move(next);
    }
  }

  Status check(const PGresult* result) {
    const ExecStatusType status = result ? PQresultStatus(result) : PGRES_FATAL_ERROR;
    sql_state_.clear();
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY) return ok();
    if (const char* state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : nullptr)
      sql_state_ = state;
    if (sql_state_.empty() || PQstatus(connection_.get()) == CONNECTION_BAD) {
      return fail(ErrorCode::kUnavailable, fmt::format("{}: connection lost: {}", options_.name,
                                                       trimmed(PQerrorMessage(connection_.get()))));
    }
    const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    return fail(code_of(sql_state_), fmt::format("{}: {} (SQLSTATE {})", options_.name,
                                                 message ? message : "no message", sql_state_));
  }

  Result<Rows> read(const PGresult* result) const {
    Rows rows;
    const int columns = PQnfields(result);
    const int count = PQntuples(result);
    if (static_cast<std::size_t>(count) > options_.rows_max) {
      return fail(ErrorCode::kLimit, fmt::format("{}: {} rows in an answer; at most {} are read",
                                                 options_.name, count, options_.rows_max));
    }
    for (int column = 0; column < columns; ++column) rows.columns.emplace_back(PQfname(result, column));
    rows.cells.reserve(static_cast<std::size_t>(count) * static_cast<std::size_t>(columns));
    for (int row = 0; row < count; ++row) {
      for (int column = 0; column < columns; ++column) {
        if (PQgetisnull(result, row, column)) {
          rows.cells.emplace_back(std::nullopt);
        } else {
          rows.cells.emplace_back(std::in_place, PQgetvalue(result, row, column),
                                  static_cast<std::size_t>(PQgetlength(result, row, column)));
        }
      }
    }
    return rows;
  }

  ConnectionPtr connection_;
  std::unique_ptr<PGcancel, FreeCancel> cancel_;
  ConnectionOptions options_;
  std::string sql_state_;
  std::string tag_;
  bool lost_ = false;
};

}  // namespace

double Rows::number(std::size_t row, std::size_t column) const {
  const auto& cell = at(row, column);
  double value = 0;
  if (cell) std::from_chars(cell->data(), cell->data() + cell->size(), value);
  return value;
}

std::int64_t Rows::integer(std::size_t row, std::size_t column) const {
  const auto& cell = at(row, column);
  std::int64_t value = 0;
  if (cell) std::from_chars(cell->data(), cell->data() + cell->size(), value);
  return value;
}

Result<std::unique_ptr<Connection>> Connection::open(const ConnectionOptions& options) {
  // The DSN goes in by value, so that no part of it needs quoting here; what we demand stands after it and
  // wins.
  const std::string timeout = std::to_string(std::max<DurationMs>(1, options.connect_timeout_ms / kSecondMs));
  const char* const keys[] = {"dbname", "connect_timeout", "application_name", nullptr};
  const char* const values[] = {options.dsn.c_str(), timeout.c_str(), options.application.c_str(), nullptr};
  ConnectionPtr connection(PQconnectdbParams(keys, values, 1));
  if (!connection) return fail(ErrorCode::kUnavailable, fmt::format("{}: out of memory", options.name));
  if (PQstatus(connection.get()) != CONNECTION_OK) {
    const std::string_view words = trimmed(PQerrorMessage(connection.get()));
    // libpq cites a DSN it can not parse, password and all.
    char* problem = nullptr;
    const std::unique_ptr<PQconninfoOption, FreeOptions> parsed(
        PQconninfoParse(options.dsn.c_str(), &problem));
    PQfreemem(problem);
    if (!parsed) return invalid(fmt::format("{}: dsn: not a libpq connection string or URI", options.name));
    const bool login = words.find("authentication failed") != std::string_view::npos ||
                       words.find("no password supplied") != std::string_view::npos ||
                       words.find("no pg_hba.conf entry") != std::string_view::npos;
    return fail(login ? ErrorCode::kDenied : ErrorCode::kUnavailable,
                fmt::format("{}: can not connect: {}", options.name, words));
  }
  auto out = std::make_unique<LibpqConnection>(std::move(connection), options);
  TRY(out->prepare_session());
  return out;
}

std::string quote_name(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string quote_name(std::string_view schema, std::string_view name) {
  return quote_name(schema) + "." + quote_name(name);
}

std::string quote_literal(std::string_view text) {
  const bool escapes = text.find('\\') != std::string_view::npos;
  std::string out = escapes ? "E'" : "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += c;
    out += c;
  }
  return out + '\'';
}

}  // namespace trimtab::postgresql
