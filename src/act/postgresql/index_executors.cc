// SPDX-License-Identifier: Apache-2.0
// Building and dropping indexes without blocking reads and writes.
#include <fmt/format.h>

#include "act/postgresql/session.h"
#include "targets/postgresql/index_statement.h"

namespace trimtab::act {

namespace {

using postgresql::Connection;
using postgresql::IndexSpec;

class IndexCreator final : public PostgresqlExecutor {
 public:
  using PostgresqlExecutor::PostgresqlExecutor;

  Status check(const Action& action) override {
    const IndexSpec spec = TRY(IndexSpec::from_parameters(action.parameters));
    auto session = TRY(open(action));
    TRY(check_table(**session, spec.schema, spec.table));
    const IndexFacts facts = TRY(read_index(**session, spec.schema, spec.name));
    if (facts.exists && !is_leftover(facts, spec)) {
      return fail(ErrorCode::kConflict,
                  fmt::format("{} exists already", postgresql::quote_name(spec.schema, spec.name)));
    }
    return ok();
  }

  Result<std::string> capture(const Action&) override { return std::string("absent"); }

  Status apply(const Action& action, const std::string&) override {
    const IndexSpec spec = TRY(IndexSpec::from_parameters(action.parameters));
    auto session = TRY(open(action));
    TRY(allow_long(**session));
    TRY(drop_if(**session, spec, /*valid_too=*/false));
    // By query(): exactly one statement, whatever the predicate says.
    TRY((*session)->query(create_index_statement(spec)));
    return ok();
  }

  Result<bool> is_applied(const Action& action, const std::string&) override {
    const IndexSpec spec = TRY(IndexSpec::from_parameters(action.parameters));
    auto session = TRY(open(action));
    const IndexFacts facts = TRY(read_index(**session, spec.schema, spec.name));
    return facts.is_index && facts.valid && facts.table == spec.table;
  }

  Status undo(const Action& action, const std::string&) override {
    const IndexSpec spec = TRY(IndexSpec::from_parameters(action.parameters));
    auto session = TRY(open(action));
    TRY(allow_long(**session));
    return drop_if(**session, spec, /*valid_too=*/true);
  }

  Result<bool> is_undone(const Action& action, const std::string&) override {
    const IndexSpec spec = TRY(IndexSpec::from_parameters(action.parameters));
    auto session = TRY(open(action));
    const IndexFacts facts = TRY(read_index(**session, spec.schema, spec.name));
    return !facts.is_index || facts.table != spec.table;
  }

 private:
  // What a CREATE INDEX CONCURRENTLY that was interrupted leaves behind.
  static bool is_leftover(const IndexFacts& facts, const IndexSpec& spec) {
    return facts.is_index && !facts.valid && facts.table == spec.table;
  }
  // Only ever an index of this name on this table.
  static Status drop_if(Connection& connection, const IndexSpec& spec, bool valid_too) {
    const IndexFacts facts = TRY(read_index(connection, spec.schema, spec.name));
    if (!facts.is_index || facts.table != spec.table || (facts.valid && !valid_too)) return ok();
    return connection.execute(postgresql::drop_index_statement(spec.schema, spec.name));
  }
};

// Undo state: definition, tablespace, comment.
class IndexDropper final : public PostgresqlExecutor {
 public:
  using PostgresqlExecutor::PostgresqlExecutor;

  Status check(const Action& action) override {
    const auto [schema, name] = TRY(names(action));
    auto session = TRY(open(action));
    const IndexFacts facts = TRY(read_index(**session, schema, name));
    const std::string quoted = postgresql::quote_name(schema, name);
    if (!facts.is_index) return fail(ErrorCode::kNotFound, fmt::format("there is no index {}", quoted));
    if (facts.constraint) {
      return fail(ErrorCode::kConflict, fmt::format("{} backs a constraint or a replica identity", quoted));
    }
    return check_table(**session, schema, facts.table);
  }

  Result<std::string> capture(const Action& action) override {
    const auto [schema, name] = TRY(names(action));
    auto session = TRY(open(action));
    const IndexFacts facts = TRY(read_index(**session, schema, name));
    if (facts.definition.empty()) {
      return fail(ErrorCode::kNotFound,
                  fmt::format("there is no index {}", postgresql::quote_name(schema, name)));
    }
    return join_fields({facts.definition, facts.tablespace, facts.comment});
  }

  Status apply(const Action& action, const std::string&) override {
    const auto [schema, name] = TRY(names(action));
    auto session = TRY(open(action));
    TRY(allow_long(**session));
    return (*session)->execute(postgresql::drop_index_statement(schema, name));
  }

  Result<bool> is_applied(const Action& action, const std::string&) override {
    const auto [schema, name] = TRY(names(action));
    auto session = TRY(open(action));
    return !TRY(read_index(**session, schema, name)).exists;
  }

  Status undo(const Action& action, const std::string& undo_state) override {
    const auto [schema, name] = TRY(names(action));
    const std::vector<std::string> fields = split_fields(undo_state);
    if (fields.size() != 3) return invalid("undo of drop_index: not what capture() wrote");
    auto session = TRY(open(action));
    TRY(allow_long(**session));
    const IndexFacts facts = TRY(read_index(**session, schema, name));
    if (facts.is_index && facts.valid && facts.definition == fields[0]) return ok();
    if (facts.is_index && !facts.valid) {
      TRY((*session)->execute(postgresql::drop_index_statement(schema, name)));
    }
    // The definition is the server's own text: "CREATE [UNIQUE] INDEX name ON ...".
    std::string statement = fields[0];
    const std::size_t word = statement.find("INDEX ");
    if (!statement.starts_with("CREATE ") || word == std::string::npos) {
      return invalid("undo of drop_index: not a definition");
    }
    statement.insert(word + 6, "CONCURRENTLY ");
    if (!fields[1].empty()) {
      TRY((*session)->execute("SET default_tablespace = " + postgresql::quote_literal(fields[1])));
    }
    TRY((*session)->query(statement));
    return comment_on(**session, schema, name, fields[2]);
  }

  Result<bool> is_undone(const Action& action, const std::string& undo_state) override {
    const auto [schema, name] = TRY(names(action));
    const std::vector<std::string> fields = split_fields(undo_state);
    auto session = TRY(open(action));
    const IndexFacts facts = TRY(read_index(**session, schema, name));
    if (!facts.is_index || !facts.valid || facts.definition != fields[0]) return false;
    // The last word of an undo that was interrupted.
    if (fields.size() == 3 && facts.comment != fields[2]) {
      TRY(comment_on(**session, schema, name, fields[2]));
    }
    return true;
  }

 private:
  static Result<std::pair<std::string, std::string>> names(const Action& action) {
    TRY(check_parameters(action, {"schema", "table", "name"}));
    const std::string schema = TRY(parameter(action, "schema"));
    const std::string name = TRY(parameter(action, "name"));
    return std::pair(schema, name);
  }
  static Status comment_on(Connection& connection, const std::string& schema, const std::string& name,
                           const std::string& comment) {
    if (comment.empty()) return ok();
    return connection.execute(fmt::format("COMMENT ON INDEX {} IS {}", postgresql::quote_name(schema, name),
                                          postgresql::quote_literal(comment)));
  }
};

}  // namespace

std::unique_ptr<Executor> create_index_creator(PostgresqlAccess access) {
  return std::make_unique<IndexCreator>(std::move(access));
}
std::unique_ptr<Executor> create_index_dropper(PostgresqlAccess access) {
  return std::make_unique<IndexDropper>(std::move(access));
}

}  // namespace trimtab::act
