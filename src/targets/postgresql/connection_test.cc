// SPDX-License-Identifier: Apache-2.0
#include "targets/postgresql/connection.h"

#include <gtest/gtest.h>

#include <thread>

#include "targets/postgresql/index_statement.h"
#include "targets/postgresql/server_fixture_testlib.h"

namespace trimtab::postgresql {
namespace {

class PostgresqlConnection : public ServerTest {
 protected:
  static std::unique_ptr<Connection> connect(bool read_only = false) {
    auto opened = server_->connect("postgres", read_only);
    EXPECT_TRUE(opened) << opened.error().message();
    return std::move(*opened);
  }
};

TEST_F(PostgresqlConnection, parameters_are_data) {
  const auto connection = connect();
  const auto rows =
      connection->query("SELECT $1::text, $2::text, 1.5", {"x'; DROP TABLE y; --", std::nullopt});
  ASSERT_TRUE(rows) << rows.error().message();
  EXPECT_EQ(rows->text(0, 0), "x'; DROP TABLE y; --");
  EXPECT_FALSE(rows->at(0, 1).has_value());
  EXPECT_EQ(rows->number(0, 2), 1.5);
}

TEST_F(PostgresqlConnection, a_read_only_session_changes_nothing) {
  const auto connection = connect(true);
  const Status made = connection->execute("CREATE TABLE forbidden (a int)");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), ErrorCode::kDenied) << made.error().message();
}

TEST_F(PostgresqlConnection, errors_say_what_can_be_done_about_them) {
  const auto connection = connect();
  const struct {
    const char* sql;
    ErrorCode code;
  } cases[] = {{"SELECT * FROM nothing_here", ErrorCode::kNotFound},
               {"SELEC 1", ErrorCode::kInvalid},
               {"CREATE TABLE pg_catalog.pg_class (a int)", ErrorCode::kConflict},
               {"SET statement_timeout = 20; SELECT pg_sleep(5)", ErrorCode::kTimeout}};
  for (const auto& one : cases) {
    const Status status = connection->execute(one.sql);
    ASSERT_FALSE(status) << one.sql;
    EXPECT_EQ(status.error().code(), one.code) << one.sql << ": " << status.error().message();
  }
}

TEST_F(PostgresqlConnection, another_thread_can_cancel) {
  const auto connection = connect();
  ASSERT_TRUE(connection->set_statement_timeout(0));
  std::jthread canceller([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      connection->cancel();
      std::this_thread::yield();
    }
  });
  const auto rows = connection->query("SELECT pg_sleep(60)");
  canceller.request_stop();
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code(), ErrorCode::kTimeout);
}

TEST_F(PostgresqlConnection, quoted_names_are_names) {
  const auto connection = connect();
  const std::string name = "x\"; DROP TABLE y; --";
  ASSERT_TRUE(connection->execute("CREATE TABLE " + quote_name("public", name) + " (\"A b\" int)"));
  const IndexSpec spec{.schema = "public", .table = name, .name = "i\"1", .keys = {{"A b", true}}};
  const Status made = connection->execute(create_index_statement(spec));
  ASSERT_TRUE(made) << made.error().message();
  const auto rows = connection->query(
      "SELECT indexname FROM pg_indexes WHERE tablename = $1 AND indexdef LIKE '%DESC%'", {name});
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->text(0, 0), "i\"1");
  EXPECT_TRUE(connection->execute(drop_index_statement("public", "i\"1")));
}

TEST_F(PostgresqlConnection, quoted_literals_are_text) {
  const auto connection = connect();
  for (const std::string text : {"it's", "back\\slash'", "", "\\'; SELECT 1; --"}) {
    const auto rows = connection->query("SELECT " + quote_literal(text));
    ASSERT_TRUE(rows) << text;
    EXPECT_EQ(rows->text(0, 0), text);
  }
}

TEST(PostgresqlDsn, secrets_stay_out_of_errors) {
  for (const char* dsn : {"host=127.0.0.1 port=1 password=hunter2", "postgresql://u:hunter2@127.0.0.1:1/db",
                          "hunter2 =", "password=hunter2 nonsense", "postgresql://u:hunter2@[::bad/db"}) {
    const auto opened = Connection::open({.dsn = dsn, .name = "postgresql/main"});
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().message().find("hunter2"), std::string::npos) << opened.error().message();
    EXPECT_NE(opened.error().message().find("postgresql/main"), std::string::npos);
  }
}

TEST(IndexStatement, goes_through_parameters_unchanged) {
  const IndexSpec spec{.schema = "s",
                       .table = "orders",
                       .name = "",
                       .keys = {{"customer id", false}, {"placed_at", true}},
                       .include = {"total"},
                       .where = "(status = 'open'::text)"};
  const auto back = IndexSpec::from_parameters(spec.to_parameters());
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(create_index_statement(*back), create_index_statement(spec));
  EXPECT_EQ(back->name, spec.default_name());
  EXPECT_LE(spec.default_name().size(), 63U);
}

TEST(IndexStatement, refuses_what_is_not_an_index) {
  const auto good = IndexSpec{.schema = "s", .table = "t", .name = "n", .keys = {{"a"}}}.to_parameters();
  const std::pair<const char*, const char*> wrong[] = {{"method", "btree (a); DROP TABLE t; --"},
                                                       {"keys", ""},
                                                       {"keys", "a\n"},
                                                       {"table", ""},
                                                       {"apply", "DROP TABLE t"}};
  for (const auto& [key, value] : wrong) {
    auto parameters = good;
    parameters[key] = value;
    EXPECT_FALSE(IndexSpec::from_parameters(parameters)) << key << "=" << value;
  }
}

}  // namespace
}  // namespace trimtab::postgresql
