// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "act/postgresql/postgresql_executors.h"

// What the executors of PostgreSQL share.
namespace trimtab::act {

// Parameters of an action by name; kInvalid names the one that is missing, too long or unknown.
Status check_parameters(const Action& action, std::initializer_list<std::string_view> known);
Result<std::string> parameter(const Action& action, const std::string& name);

// An undo state as a list of texts, whatever stands in them.
std::string join_fields(const std::vector<std::string>& fields);
std::vector<std::string> split_fields(std::string_view joined);

// Opens sessions; the newest can be cancelled from any thread.
class PostgresqlExecutor : public Executor {
 public:
  explicit PostgresqlExecutor(PostgresqlAccess access) : access_(std::move(access)) {}
  void cancel() override;

 protected:
  // A session that cancel() knows while it lives.
  class Session {
   public:
    Session(PostgresqlExecutor& owner, std::unique_ptr<postgresql::Connection> connection);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    postgresql::Connection* operator->() { return connection_.get(); }
    postgresql::Connection& operator*() { return *connection_; }

   private:
    PostgresqlExecutor& owner_;
    std::unique_ptr<postgresql::Connection> connection_;
  };
  Result<std::unique_ptr<Session>> open(const Action& action);

 private:
  PostgresqlAccess access_;
  std::mutex mutex_;
  postgresql::Connection* current_ = nullptr;
};

// A relation of a schema as the catalogue has it.
struct IndexFacts {
  bool exists = false;
  bool is_index = false;
  bool valid = false;
  bool constraint = false;  // backs a primary key, unique or exclusion constraint, or a replica identity
  bool owned = false;       // by a role this session has
  std::string table;        // its table's name; the schema is the same
  std::string definition;   // pg_get_indexdef
  std::string tablespace;   // "" = the database's
  std::string comment;
};
Result<IndexFacts> read_index(postgresql::Connection& connection, const std::string& schema,
                              const std::string& name);
// The table is there, an ordinary one, and the session's role owns it; the server is no standby.
Status check_table(postgresql::Connection& connection, const std::string& schema, const std::string& table);
// For building and dropping indexes concurrently: no statement time-out, a lock time-out of a minute (waiting
// there blocks nobody's reads and writes).
Status allow_long(postgresql::Connection& connection);

}  // namespace trimtab::act
