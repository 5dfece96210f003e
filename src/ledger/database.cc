// SPDX-License-Identifier: Apache-2.0
#include "ledger/database.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <utility>

#include "base/check.h"

namespace trimtab {

namespace {

ErrorCode code_of(int sqlite_code) {
  switch (sqlite_code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return ErrorCode::kUnavailable;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return ErrorCode::kCorrupt;
    case SQLITE_TOOBIG: return ErrorCode::kLimit;
    case SQLITE_NOMEM: return ErrorCode::kUnavailable;
    default: return ErrorCode::kIo;
  }
}

std::unexpected<Error> database_error(sqlite3* database, int sqlite_code, std::string_view what) {
  const char* said = database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(sqlite_code);
  return fail(code_of(sqlite_code), fmt::format("ledger: {}: {}", what, said));
}

}  // namespace

Query::Query(Query&& other) noexcept
    : database_(other.database_),
      statement_(std::exchange(other.statement_, nullptr)),
      bind_error_(other.bind_error_) {}

Query::~Query() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

void Query::note(int code) {
  if (code != SQLITE_OK && bind_error_ == SQLITE_OK) bind_error_ = code;
}

Query& Query::bind(int index, std::int64_t value) {
  note(sqlite3_bind_int64(statement_, index, value));
  return *this;
}
Query& Query::bind(int index, double value) {
  note(sqlite3_bind_double(statement_, index, value));
  return *this;
}
Query& Query::bind(int index, std::string_view text) {
  const char* data = text.data() != nullptr ? text.data() : "";
  note(sqlite3_bind_text64(statement_, index, data, text.size(), SQLITE_STATIC, SQLITE_UTF8));
  return *this;
}
Query& Query::bind_blob(int index, std::string_view bytes) {
  const char* data = bytes.data() != nullptr ? bytes.data() : "";
  note(sqlite3_bind_blob64(statement_, index, data, bytes.size(), SQLITE_STATIC));
  return *this;
}
Query& Query::bind(int index, const std::optional<std::int64_t>& value) {
  return value ? bind(index, *value) : bind_null(index);
}
Query& Query::bind_null(int index) {
  note(sqlite3_bind_null(statement_, index));
  return *this;
}

Result<bool> Query::step() {
  if (bind_error_ != SQLITE_OK) return database_error(nullptr, bind_error_, "binding a value");
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return database_error(database_, code, sqlite3_sql(statement_));
}

Status Query::run() {
  while (TRY(step())) {
  }
  return ok();
}

std::int64_t Query::integer(int column) const { return sqlite3_column_int64(statement_, column); }

std::string_view Query::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::string_view Query::blob(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

bool Query::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

Result<Database> Database::open(const std::string& path, Mode mode) {
  Database database;
  const int flags =
      SQLITE_OPEN_NOMUTEX |
      (mode == Mode::kReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  const int code = sqlite3_open_v2(path.c_str(), &database.handle_, flags, nullptr);
  if (code != SQLITE_OK) return database_error(database.handle_, code, fmt::format("opening {}", path));
  sqlite3_extended_result_codes(database.handle_, 1);
  sqlite3_busy_timeout(database.handle_, kBusyTimeoutMs);
  return database;
}

Database::Database(Database&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)), statements_(std::exchange(other.statements_, {})) {}

Database& Database::operator=(Database&& other) noexcept {
  if (this == &other) return *this;
  close();
  handle_ = std::exchange(other.handle_, nullptr);
  statements_ = std::exchange(other.statements_, {});
  return *this;
}

Database::~Database() { close(); }

void Database::close() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  statements_.clear();
  sqlite3_close_v2(handle_);
  handle_ = nullptr;
}

Result<Query> Database::query(std::string_view sql) {
  auto found = statements_.find(sql);
  if (found == statements_.end()) {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) return database_error(handle_, code, sql);
    found = statements_.emplace(std::string(sql), statement).first;
  }
  CHECK(sqlite3_stmt_busy(found->second) == 0, "{}", sql);
  return Query(handle_, found->second);
}

Status Database::execute(const std::string& sql) {
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return database_error(handle_, code, sql);
  return ok();
}

std::int64_t Database::last_row_id() const { return sqlite3_last_insert_rowid(handle_); }
std::int64_t Database::changed_rows() const { return sqlite3_changes64(handle_); }

Result<std::int64_t> Database::pragma_integer(const std::string& name) {
  const std::string sql = "PRAGMA " + name;
  Query query = TRY(this->query(sql));
  if (!TRY(query.step())) return fail(ErrorCode::kIo, fmt::format("ledger: {} gave nothing", sql));
  return query.integer(0);
}

Result<Transaction> Transaction::begin(Database& database) {
  TRY(database.execute("BEGIN IMMEDIATE"));
  return Transaction(database);
}

Transaction::~Transaction() {
  if (database_ == nullptr) return;
  const Status undone = database_->execute("ROLLBACK");
  (void)undone;  // SQLite has rolled back by itself after some errors; then there is nothing to undo
}

Status Transaction::commit() {
  TRY(database_->execute("COMMIT"));  // on failure the destructor rolls back
  database_ = nullptr;
  return ok();
}

}  // namespace trimtab
