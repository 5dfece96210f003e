// SPDX-License-Identifier: Apache-2.0
#include "advise/postgresql/index_advisor.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>

#include "advise/postgresql/advisor_testlib.h"
#include "advise/postgresql/index_recommendation.h"
#include "targets/postgresql/server_fixture_testlib.h"

namespace trimtab::advise::postgresql {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using trimtab::postgresql::Connection;
using trimtab::postgresql::IndexSpec;

class IndexAdvice : public trimtab::postgresql::ServerTest {
 protected:
  static std::unique_ptr<Connection> make_database(const std::string& name, bool with_extensions = true) {
    auto home = server_->connect();
    EXPECT_TRUE((*home)->execute("CREATE DATABASE " + name));
    auto connection = connect_as_application(server_->dsn(name));
    EXPECT_TRUE(connection) << connection.error().message();
    if (with_extensions) {
      EXPECT_TRUE((*connection)->execute("CREATE EXTENSION hypopg; CREATE EXTENSION pg_stat_statements"));
    }
    return std::move(*connection);
  }

  static Target target(const std::string& database, const std::string& user = "postgres") {
    Target out;
    out.id = "main";
    out.instance = "db:5432";
    out.dsn = server_->dsn(database, user);
    return out;
  }

  static std::unique_ptr<Advisor> advisor(const std::string& database, Metrics& metrics) {
    // The load of a test lasts a second.
    return create_index_advisor(target(database), {.window_min_ms = 1}, metrics);
  }
};

// Twelve tables of a shop, thirty shapes of statements, all searched by keys and indexes but one: the
// payments of a customer since a day lack (customer_id, paid_at).
constexpr int kTables = 12;
std::string table_of(int i) { return i == 7 ? "payments" : fmt::format("table_{}", i); }

void make_shop(Connection& connection) {
  ASSERT_TRUE(connection.set_statement_timeout(0));
  for (int i = 0; i < kTables; ++i) {
    const Status made =
        connection.execute(fmt::format("CREATE TABLE {0} (id int PRIMARY KEY, customer_id int, paid_at "
                                       "timestamp, state int, amount int, note text);"
                                       "INSERT INTO {0} SELECT i, (i * 7919) % 800, timestamp '2026-01-01' + "
                                       "i * interval '1 minute', i % 5, i, "
                                       "'note ' || i FROM generate_series(1, 10000) i",
                                       table_of(i)));
    ASSERT_TRUE(made) << made.error().message();
    if (i == 7) continue;
    ASSERT_TRUE(connection.execute(fmt::format("CREATE INDEX ON {} (customer_id, paid_at)", table_of(i))));
  }
  ASSERT_TRUE(connection.execute("ANALYZE; SELECT pg_stat_statements_reset()"));
}

void run_shop(Connection& connection, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    const std::string customer = std::to_string((round * 37) % 800), id = std::to_string(1 + round * 11);
    for (int i = 0; i < kTables; ++i) {
      ASSERT_TRUE(connection.query(fmt::format("SELECT id, amount, note FROM {} WHERE customer_id = $1 AND "
                                               "paid_at >= $2 ORDER BY paid_at LIMIT 20",
                                               table_of(i)),
                                   {customer, "2026-01-03"}));
      ASSERT_TRUE(connection.query(fmt::format("SELECT * FROM {} WHERE id = $1", table_of(i)), {id}));
      if (i % 2 == 0) {
        ASSERT_TRUE(connection.query(
            fmt::format("UPDATE {} SET amount = amount + 1 WHERE id = $1", table_of(i)), {id}));
      }
    }
  }
}

double blocks_per_call(Connection& connection) {
  const auto rows = connection.query(
      "SELECT sum(shared_blks_hit + shared_blks_read) / sum(calls) FROM pg_stat_statements "
      "WHERE query LIKE '%SELECT id, amount, note FROM payments%'");
  EXPECT_TRUE(rows) << rows.error().message();
  return rows->number(0, 0);
}

TEST_F(IndexAdvice, a_missing_composite_index_among_twelve_tables_and_thirty_shapes_is_found) {
  const auto connection = make_database("shop");
  make_shop(*connection);
  run_shop(*connection, 25);
  Metrics metrics;
  AdvisorWorld world;
  const auto index_advisor = advisor("shop", metrics);
  const auto advice = index_advisor->advise(world.context());
  ASSERT_TRUE(advice) << advice.error().message();
  ASSERT_EQ(advice->size(), 1U);
  const Recommendation& best = advice->front();
  EXPECT_EQ(best.state, RecommendationState::kProposed) << best.needs;
  EXPECT_EQ(best.title, "Create an index on payments (customer_id, paid_at)");
  EXPECT_EQ(best.action.type, "postgresql.create_index");
  EXPECT_EQ(best.action.target, "postgresql/main");
  EXPECT_EQ(best.entity.to_string(), "database/shop@db:5432");
  const auto spec = IndexSpec::from_parameters(best.action.parameters);
  ASSERT_TRUE(spec) << spec.error().message();
  EXPECT_THAT(spec->keys, ElementsAre(IndexSpec::Key{"customer_id"}, IndexSpec::Key{"paid_at"}));
  EXPECT_THAT(best.action.apply, HasSubstr("CREATE INDEX CONCURRENTLY"));
  EXPECT_THAT(best.verify.target.expression, HasSubstr("[{{.step}}]"));
  EXPECT_FALSE(best.verify.control.empty());
  EXPECT_LT(best.expected.low, best.expected.high);
  EXPECT_LT(best.expected.high, -0.3);
  EXPECT_GT(best.benefit_seconds_per_day, 0);
  for (const Fact& fact : best.evidence) {
    std::printf("%s: %s (%s)\n", fact.name.c_str(), fact.value.c_str(), fact.source.c_str());
  }

  // Asked again, by a role that may only read, it says the same.
  ASSERT_TRUE(connection->execute("CREATE ROLE reader LOGIN; GRANT pg_monitor, pg_read_all_data TO reader"));
  const auto reader = create_index_advisor(target("shop", "reader"), {.window_min_ms = 1}, metrics);
  const auto same = reader->advise(world.context());
  ASSERT_TRUE(same) << same.error().message();
  ASSERT_EQ(same->size(), 1U);
  EXPECT_EQ((*same)[0].fingerprint, best.fingerprint);
  EXPECT_EQ((*same)[0].state, RecommendationState::kProposed) << (*same)[0].needs;

  // What it says is SQL that works, and the statement it names touches far less afterwards.
  const double before = blocks_per_call(*connection);
  ASSERT_TRUE(connection->execute(best.action.apply));
  ASSERT_TRUE(connection->execute("SELECT pg_stat_statements_reset()"));
  run_shop(*connection, 25);
  EXPECT_LT(blocks_per_call(*connection), 0.5 * before);
  const auto again = advisor("shop", metrics)->advise(world.context());
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_THAT(*again, ElementsAre());
}

TEST_F(IndexAdvice, columns_are_carried_where_that_saves_reading_the_table) {
  const auto connection = make_database("sales");
  ASSERT_TRUE(connection->set_statement_timeout(0));
  ASSERT_TRUE(connection->execute(
      "CREATE TABLE sales (id int PRIMARY KEY, customer_id int, amount int, note text);"
      "INSERT INTO sales SELECT i, i % 100, i, repeat('x', 100) FROM generate_series(1, 20000) i"));
  ASSERT_TRUE(connection->execute("VACUUM ANALYZE sales"));
  ASSERT_TRUE(connection->execute("SELECT pg_stat_statements_reset()"));
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(
        connection->query("SELECT sum(amount) FROM sales WHERE customer_id = $1", {std::to_string(i)}));
  }
  Metrics metrics;
  AdvisorWorld world;
  const auto advice = advisor("sales", metrics)->advise(world.context());
  ASSERT_TRUE(advice) << advice.error().message();
  ASSERT_EQ(advice->size(), 1U);
  EXPECT_EQ(advice->front().title, "Create an index on sales (customer_id) include (amount)");
  ASSERT_TRUE(connection->execute(advice->front().action.apply)) << advice->front().action.apply;
  const auto plan = connection->query("EXPLAIN SELECT sum(amount) FROM sales WHERE customer_id = 7");
  ASSERT_TRUE(plan);
  EXPECT_THAT(plan->text(1, 0), HasSubstr("Index Only Scan"));
}

TEST_F(IndexAdvice, without_the_extensions_it_says_what_is_needed) {
  const auto connection = make_database("bare", false);
  Metrics metrics;
  AdvisorWorld world;
  const auto bare = advisor("bare", metrics)->advise(world.context());
  ASSERT_TRUE(bare) << bare.error().message();
  ASSERT_EQ(bare->size(), 1U);
  EXPECT_EQ((*bare)[0].state, RecommendationState::kNotEnoughData);
  EXPECT_THAT((*bare)[0].needs, HasSubstr("CREATE EXTENSION pg_stat_statements"));
  ASSERT_TRUE(
      connection->execute("CREATE EXTENSION pg_stat_statements; CREATE TABLE t (a int); SELECT * FROM t"));
  ASSERT_TRUE(connection->query("SELECT * FROM t WHERE a = $1", {"1"}));
  const auto no_hypopg = advisor("bare", metrics)->advise(world.context());
  ASSERT_TRUE(no_hypopg) << no_hypopg.error().message();
  ASSERT_EQ(no_hypopg->size(), 1U);
  EXPECT_THAT((*no_hypopg)[0].needs, HasSubstr("CREATE EXTENSION hypopg"));
}

TEST_F(IndexAdvice, too_few_calls_are_not_enough_data) {
  const auto connection = make_database("young");
  make_shop(*connection);
  run_shop(*connection, 3);
  Metrics metrics;
  AdvisorWorld world;
  const auto advice = advisor("young", metrics)->advise(world.context());
  ASSERT_TRUE(advice) << advice.error().message();
  ASSERT_EQ(advice->size(), 1U);
  EXPECT_EQ((*advice)[0].state, RecommendationState::kNotEnoughData);
  EXPECT_THAT((*advice)[0].needs, HasSubstr("more minutes of load"));
}

TEST_F(IndexAdvice, hostile_names_are_names) {
  const auto connection = make_database("hostile");
  ASSERT_TRUE(connection->set_statement_timeout(0));
  const Status made = connection->execute(
      "CREATE TABLE \"x\"\"; drop table y; --\" (id int PRIMARY KEY, \"a'b\"\" = 1) OR (\" int, \"c.d\" int);"
      "INSERT INTO \"x\"\"; drop table y; --\" SELECT i, i % 5000, i FROM generate_series(1, 30000) i;"
      "CREATE TABLE y (a int); ANALYZE; SELECT pg_stat_statements_reset()");
  ASSERT_TRUE(made) << made.error().message();
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(connection->query(
        "SELECT * FROM \"x\"\"; drop table y; --\" WHERE \"a'b\"\" = 1) OR (\" = $1 AND \"c.d\" > $2",
        {std::to_string(i), "0"}));
  }
  Metrics metrics;
  AdvisorWorld world;
  const auto advice = advisor("hostile", metrics)->advise(world.context());
  ASSERT_TRUE(advice) << advice.error().message();
  ASSERT_GE(advice->size(), 1U);
  const auto spec = IndexSpec::from_parameters((*advice)[0].action.parameters);
  ASSERT_TRUE(spec) << spec.error().message();
  EXPECT_EQ(spec->table, "x\"; drop table y; --");
  EXPECT_EQ(spec->keys[0].column, "a'b\" = 1) OR (");
  ASSERT_TRUE(connection->execute((*advice)[0].action.apply)) << (*advice)[0].action.apply;
  EXPECT_TRUE(connection->query("SELECT * FROM y"));
}

TEST_F(IndexAdvice, a_superuser_does_not_plan_what_others_wrote) {
  const auto connection = make_database("foreign_code");
  ASSERT_TRUE(connection->execute(
      "CREATE TABLE t (a int); CREATE ROLE writer; GRANT ALL ON SCHEMA public TO writer; SET ROLE writer; "
      "CREATE FUNCTION trap() RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RAISE 'run as %', "
      "current_user; END$$; "
      "RESET ROLE"));
  EXPECT_FALSE(connection->query("SELECT * FROM t WHERE a = trap() AND a > $1", {"1"}));
  ASSERT_TRUE(connection->query("SELECT * FROM t WHERE a > $1", {"1"}));
  Metrics metrics;
  AdvisorWorld world;
  const auto advice = advisor("foreign_code", metrics)->advise(world.context());
  ASSERT_TRUE(advice) << advice.error().message();
  ASSERT_EQ(advice->size(), 1U);
  EXPECT_THAT((*advice)[0].needs, HasSubstr("without SUPERUSER"));
}

TEST(ExpectedEffect, lies_around_the_estimate_and_above_the_floor) {
  const ExpectedEffect tenth = expected_effect(0.1, 0.1);
  EXPECT_LT(tenth.low, -0.9);
  EXPECT_GT(tenth.high, -0.9);
  EXPECT_NEAR(expected_effect(1e-6, 20e-6).low, -0.5, 1e-9);
  EXPECT_EQ(expected_effect(1, 1).high, 0);
}

}  // namespace
}  // namespace trimtab::advise::postgresql
