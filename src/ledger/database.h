// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace trimtab {

// A prepared statement on loan from its Database: bind from 1, step, read columns from 0. Going out of
// scope resets it. Binding never fails by itself; a bad bind is the error of the next step().
class Query {
 public:
  Query(Query&& other) noexcept;
  Query& operator=(Query&&) = delete;
  ~Query();

  Query& bind(int index, std::int64_t value);
  Query& bind(int index, double value);
  Query& bind(int index, std::string_view text);  // kept by reference: must live until the last step()
  Query& bind_blob(int index, std::string_view bytes);
  Query& bind(int index, const std::optional<std::int64_t>& value);
  Query& bind_null(int index);

  Result<bool> step();  // true: a row stands ready
  Status run();         // step until done, rows ignored

  std::int64_t integer(int column) const;
  std::string_view text(int column) const;  // lives until the next step()
  std::string_view blob(int column) const;
  bool is_null(int column) const;

 private:
  friend class Database;
  Query(sqlite3* database, sqlite3_stmt* statement) : database_(database), statement_(statement) {}
  void note(int code);

  sqlite3* database_;
  sqlite3_stmt* statement_;
  int bind_error_ = 0;
};

// One SQLite connection. Externally locked. Statements are prepared once and kept.
// Errors: kUnavailable (disk full, locked for longer than the busy timeout), kCorrupt (not a database or
// damaged), kIo (everything else the disk says), kLimit (a value too large).
class Database {
 public:
  enum class Mode { kReadOnly, kReadWrite };
  static Result<Database> open(const std::string& path, Mode mode);
  Database(Database&& other) noexcept;
  Database& operator=(Database&& other) noexcept;
  ~Database();

  // `sql` must be a constant: it is the key under which the prepared statement is kept.
  Result<Query> query(std::string_view sql);
  Status execute(const std::string& sql);  // one or more statements without results
  std::int64_t last_row_id() const;
  std::int64_t changed_rows() const;
  Result<std::int64_t> pragma_integer(const std::string& name);

  static constexpr int kBusyTimeoutMs = 5000;

 private:
  Database() = default;
  void close();

  sqlite3* handle_ = nullptr;
  std::map<std::string, sqlite3_stmt*, std::less<>> statements_;
};

// BEGIN IMMEDIATE now; ROLLBACK when it goes out of scope without commit().
class Transaction {
 public:
  static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(other.database_) { other.database_ = nullptr; }
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Status commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace trimtab
