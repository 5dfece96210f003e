// SPDX-License-Identifier: Apache-2.0
// What the executors do to a real server, and whether they leave it as it was.
#include "act/postgresql/postgresql_executors.h"

#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "act/fake_target_testlib.h"
#include "targets/postgresql/index_statement.h"
#include "targets/postgresql/server_fixture_testlib.h"

namespace trimtab::act {
namespace {

using postgresql::IndexSpec;

class PostgresqlExecutorsTest : public postgresql::ServerTest {
 protected:
  void SetUp() override {
    sql("DROP SCHEMA IF EXISTS s CASCADE");
    sql("CREATE SCHEMA s");
    sql("CREATE TABLE s.orders (id int, customer_id int, placed_at timestamptz, total numeric)");
    sql("INSERT INTO s.orders SELECT i, i % 100, now(), 1 FROM generate_series(1, 1000) AS i");
    add_postgresql_executors(executors_, [this](const std::string& target) { return access(target); });
  }
  Result<postgresql::ConnectionOptions> access(const std::string& target) {
    if (target != "postgresql/main") return fail(ErrorCode::kNotFound, "no such target");
    postgresql::ConnectionOptions options;
    options.dsn = server_->dsn("postgres", user_);
    return options;
  }
  void sql(const std::string& statement) {
    auto connection = server_->connect();
    ASSERT_TRUE(connection) << connection.error().message();
    const Status done = (*connection)->execute(statement);
    ASSERT_TRUE(done) << done.error().message();
  }
  // Every definition and option in the schema, as text.
  std::string definitions() {
    auto connection = server_->connect();
    const auto rows =
        (*connection)
            ->query(
                "SELECT c.relname, c.relkind, c.reloptions, obj_description(c.oid, 'pg_class'), "
                "CASE WHEN c.relkind = 'i' THEN pg_get_indexdef(c.oid) END, i.indisvalid FROM "
                "pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid WHERE c.relnamespace = "
                "'s'::regnamespace ORDER BY 1");
    std::string out;
    for (const auto& cell : rows->cells) out += cell.value_or("-") + "|";
    return out;
  }
  std::string auto_conf() {
    std::ifstream in(server_->data_directory() + "/postgresql.auto.conf");
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::string show(const std::string& name) {
    auto connection = server_->connect();
    return (*connection)->query("SELECT current_setting($1)", {name})->text(0, 0);
  }
  static Action action(std::string type, std::map<std::string, std::string> parameters) {
    return {std::move(type), "postgresql/main", std::move(parameters), "", ""};
  }
  Executor& of(const Action& one) { return *executors_.find(one.type); }
  // check, capture, apply: as the machine does. The undo state.
  std::string apply(const Action& one) {
    const Status possible = of(one).check(one);
    EXPECT_TRUE(possible) << possible.error().message();
    const std::string undo_state = of(one).capture(one).value();
    EXPECT_FALSE(of(one).is_applied(one, undo_state).value());
    EXPECT_TRUE(of(one).is_undone(one, undo_state).value());
    const Status made = of(one).apply(one, undo_state);
    EXPECT_TRUE(made) << made.error().message();
    EXPECT_TRUE(of(one).is_applied(one, undo_state).value());
    EXPECT_FALSE(of(one).is_undone(one, undo_state).value());
    return undo_state;
  }
  void undo(const Action& one, const std::string& undo_state) {
    for (int twice = 0; twice < 2; ++twice) {
      const Status gone = of(one).undo(one, undo_state);
      EXPECT_TRUE(gone) << gone.error().message();
      EXPECT_TRUE(of(one).is_undone(one, undo_state).value());
    }
  }
  static Action create_index(const std::string& table = "orders", const std::string& name = "orders_by") {
    IndexSpec spec;
    spec.schema = "s";
    spec.table = table;
    spec.name = name;
    spec.keys = {{"customer_id", false}, {"placed_at", true}};
    spec.include = {"total"};
    return action("postgresql.create_index", spec.to_parameters());
  }

  std::string user_ = "postgres";
  Executors executors_;
};

TEST_F(PostgresqlExecutorsTest, index_is_created_and_taken_back_without_a_trace) {
  const std::string before = definitions();
  const Action one = create_index();
  const std::string state = apply(one);
  EXPECT_NE(definitions().find("(customer_id, placed_at DESC) INCLUDE (total)"), std::string::npos);
  EXPECT_EQ(of(one).check(one).error().code(), ErrorCode::kConflict);
  undo(one, state);
  EXPECT_EQ(definitions(), before);
}

TEST_F(PostgresqlExecutorsTest, invalid_leftover_is_replaced_and_undone) {
  const std::string before = definitions();
  sql("UPDATE s.orders SET id = 1");
  auto connection = server_->connect();
  EXPECT_FALSE((*connection)->execute("CREATE UNIQUE INDEX CONCURRENTLY orders_by ON s.orders (id)"));
  ASSERT_NE(definitions().find("orders_by"), std::string::npos);
  const Action one = create_index();
  ASSERT_TRUE(of(one).check(one));
  EXPECT_FALSE(of(one).is_applied(one, "absent").value());
  EXPECT_FALSE(of(one).is_undone(one, "absent").value());
  ASSERT_TRUE(of(one).apply(one, "absent"));
  EXPECT_TRUE(of(one).is_applied(one, "absent").value());
  undo(one, "absent");
  EXPECT_EQ(definitions(), before);
}

TEST_F(PostgresqlExecutorsTest, dropped_index_comes_back_with_definition_and_comment) {
  sql("CREATE UNIQUE INDEX \"By Id\" ON s.orders (id DESC, (customer_id + 1)) WITH (fillfactor = 70) WHERE "
      "id > 0");
  sql("COMMENT ON INDEX s.\"By Id\" IS 'it''s; DROP'");
  const std::string before = definitions();
  const Action one = action("postgresql.drop_index", {{"schema", "s"}, {"name", "By Id"}});
  const std::string state = apply(one);
  undo(one, state);
  EXPECT_EQ(definitions(), before);
}

TEST_F(PostgresqlExecutorsTest, index_of_a_constraint_is_not_dropped) {
  sql("ALTER TABLE s.orders ADD CONSTRAINT one UNIQUE (id)");
  const Action one = action("postgresql.drop_index", {{"schema", "s"}, {"name", "one"}});
  EXPECT_EQ(of(one).check(one).error().code(), ErrorCode::kConflict);
}

TEST_F(PostgresqlExecutorsTest, setting_goes_and_the_file_is_byte_for_byte_as_before) {
  const Action one = action("postgresql.set", {{"setting", "work_mem"}, {"value", "8765kB"}});
  const std::string fresh = auto_conf();
  std::string state = apply(one);
  EXPECT_EQ(show("work_mem"), "8765kB");
  undo(one, state);
  EXPECT_EQ(auto_conf(), fresh);
  EXPECT_EQ(show("work_mem"), "4MB");

  sql("ALTER SYSTEM SET random_page_cost = 1.5");
  sql("ALTER SYSTEM SET work_mem = '7MB'");
  sql("ALTER SYSTEM SET log_min_duration_statement = '2s'");
  sql("ALTER SYSTEM SET checkpoint_timeout = '7min'");
  sql("SELECT pg_reload_conf()");
  const std::string before = auto_conf();
  state = apply(one);
  EXPECT_NE(auto_conf(), before);
  undo(one, state);
  EXPECT_EQ(auto_conf(), before);
  EXPECT_EQ(show("work_mem"), "7MB");
  sql("ALTER SYSTEM RESET ALL");
  sql("SELECT pg_reload_conf()");
}

TEST_F(PostgresqlExecutorsTest, setting_that_can_not_or_must_not_be_set_is_refused) {
  const struct {
    const char* name;
    const char* value;
    ErrorCode code;
  } cases[] = {{"shared_buffers", "1GB", ErrorCode::kUnsupported},
               {"no_such_setting", "1", ErrorCode::kNotFound},
               {"archive_command", "rm -rf /", ErrorCode::kDenied},
               {"session_preload_libraries", "x", ErrorCode::kDenied},
               {"primary_conninfo", "x", ErrorCode::kDenied},
               {"work_mem\" = 1; DROP TABLE s.orders; --", "1", ErrorCode::kInvalid}};
  for (const auto& one : cases) {
    const Action set = action("postgresql.set", {{"setting", one.name}, {"value", one.value}});
    EXPECT_EQ(of(set).check(set).error().code(), one.code) << one.name;
  }
  const Action wrong =
      action("postgresql.set", {{"setting", "work_mem"}, {"value", "'; DROP TABLE s.orders; --"}});
  const std::string before = auto_conf();
  EXPECT_EQ(of(wrong).apply(wrong, "absent").error().code(), ErrorCode::kInvalid);
  EXPECT_EQ(auto_conf(), before);
}

TEST_F(PostgresqlExecutorsTest, table_options_come_back_in_their_order) {
  const Action one =
      action("postgresql.table_set",
             {{"schema", "s"}, {"table", "orders"}, {"setting", "fillfactor"}, {"value", "90"}});
  const std::string fresh = definitions();
  std::string state = apply(one);
  undo(one, state);
  EXPECT_EQ(definitions(), fresh);
  sql("ALTER TABLE s.orders SET (fillfactor = 80, autovacuum_enabled = true)");
  const std::string before = definitions();
  state = apply(one);
  undo(one, state);
  EXPECT_EQ(definitions(), before);
}

TEST_F(PostgresqlExecutorsTest, column_statistics_are_made_and_the_target_comes_back) {
  const auto target = [this] {
    return (*server_->connect())
        ->query(
            "SELECT attstattarget FROM pg_attribute WHERE attrelid = 's.orders'::regclass AND attname = "
            "'customer_id'")
        ->text(0, 0);
  };
  const auto values_kept = [this] {
    return (*server_->connect())
        ->query(
            "SELECT coalesce(max(cardinality(most_common_vals::text::text[])), 0) FROM pg_stats WHERE "
            "schemaname = 's' AND attname = 'customer_id'")
        ->integer(0, 0);
  };
  const auto one = [](const std::string& to, const std::string& column = "customer_id") {
    return action("postgresql.column_statistics",
                  {{"schema", "s"}, {"table", "orders"}, {"column", column}, {"target", to}});
  };
  const std::string fresh = target();
  std::string state = apply(one("20"));
  EXPECT_EQ(target(), "20");
  EXPECT_LE(values_kept(), 20);
  EXPECT_EQ(of(one("20")).check(one("20")).error().code(), ErrorCode::kConflict);
  ASSERT_TRUE(of(one("20")).apply(one("20"), state));  // as after a crash: again is the same
  EXPECT_TRUE(of(one("20")).is_applied(one("20"), state).value());
  undo(one("20"), state);
  EXPECT_EQ(target(), fresh);
  EXPECT_EQ(values_kept(), 100);  // the statistics follow the target back
  sql("ALTER TABLE s.orders ALTER customer_id SET STATISTICS 7");
  state = apply(one("500"));
  undo(one("500"), state);
  EXPECT_EQ(target(), "7");
  EXPECT_EQ(of(one("1", "nobody")).check(one("1", "nobody")).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(of(one("1; --")).check(one("1; --")).error().code(), ErrorCode::kInvalid);
  EXPECT_EQ(of(one("10001")).check(one("10001")).error().code(), ErrorCode::kInvalid);
}

// What was not finished is not there: the target and its statistics come together or not at all.
TEST_F(PostgresqlExecutorsTest, column_statistics_killed_in_the_middle_leave_no_target) {
  const Action one = action("postgresql.column_statistics",
                            {{"schema", "s"}, {"table", "orders"}, {"column", "id"}, {"target", "9"}});
  auto holder = server_->connect();
  ASSERT_TRUE((*holder)->execute("BEGIN; LOCK TABLE s.orders IN SHARE UPDATE EXCLUSIVE MODE"));
  Status made = ok();
  std::jthread maker([&] { made = of(one).apply(one, "default"); });
  auto watcher = server_->connect();
  while ((*watcher)->query("SELECT 1 FROM pg_locks WHERE NOT granted")->size() == 0) {
    std::this_thread::yield();
  }
  ASSERT_TRUE(server_->stop(true));
  maker.join();
  ASSERT_FALSE(made);
  ASSERT_TRUE(server_->start_again());
  EXPECT_FALSE(of(one).is_applied(one, "default").value());
  EXPECT_TRUE(of(one).is_undone(one, "default").value());
  undo(one, "default");
}

TEST_F(PostgresqlExecutorsTest, hostile_names_are_names) {
  sql("CREATE TABLE s.\"x\"\"; drop table y; --\" (customer_id int, placed_at int, total int)");
  sql("CREATE TABLE s.y (a int)");
  const std::string before = definitions();
  const Action index = create_index("x\"; drop table y; --", "i\"; drop table s.y; --");
  const std::string state = apply(index);
  undo(index, state);
  const Action options = action(
      "postgresql.table_set",
      {{"schema", "s"}, {"table", "x\"; drop table y; --"}, {"setting", "fillfactor"}, {"value", "70"}});
  undo(options, apply(options));
  EXPECT_EQ(definitions(), before);
  const Action bad = action(
      "postgresql.table_set",
      {{"schema", "s"}, {"table", "y"}, {"setting", "fillfactor) ; drop table s.y; --"}, {"value", "1"}});
  EXPECT_EQ(of(bad).check(bad).error().code(), ErrorCode::kInvalid);
  const Action value = action(
      "postgresql.table_set",
      {{"schema", "s"}, {"table", "y"}, {"setting", "fillfactor"}, {"value", "1'); drop table s.y; --"}});
  EXPECT_FALSE(of(value).apply(value, ""));
  EXPECT_EQ(definitions(), before);
}

TEST_F(PostgresqlExecutorsTest, predicate_holds_no_second_statement) {
  sql("CREATE TABLE s.y (a int)");
  const std::string before = definitions();
  Action one = create_index();
  one.parameters["where"] = "id > 0; DROP TABLE s.y";
  EXPECT_EQ(of(one).apply(one, "absent").error().code(), ErrorCode::kInvalid);
  EXPECT_EQ(definitions(), before);
  one.parameters["where"] = "(id > 0)";
  undo(one, apply(one));
  EXPECT_EQ(definitions(), before);
}

TEST_F(PostgresqlExecutorsTest, reading_role_can_do_nothing) {
  sql("DO $$ BEGIN CREATE ROLE reader LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$");
  sql("GRANT pg_monitor TO reader");
  sql("GRANT USAGE ON SCHEMA s TO reader");
  sql("CREATE INDEX there ON s.orders (id)");
  user_ = "reader";
  const std::string before = definitions();
  const Action all[] = {
      create_index(), action("postgresql.drop_index", {{"schema", "s"}, {"name", "there"}}),
      action("postgresql.set", {{"setting", "work_mem"}, {"value", "8MB"}}),
      action("postgresql.table_set",
             {{"schema", "s"}, {"table", "orders"}, {"setting", "fillfactor"}, {"value", "70"}}),
      action("postgresql.column_statistics",
             {{"schema", "s"}, {"table", "orders"}, {"column", "id"}, {"target", "9"}})};
  for (const Action& one : all) {
    EXPECT_EQ(of(one).check(one).error().code(), ErrorCode::kDenied) << one.type;
    EXPECT_FALSE(of(one).apply(one, "")) << one.type;
  }
  EXPECT_EQ(definitions(), before);
}

TEST_F(PostgresqlExecutorsTest, server_that_dies_is_away_and_is_put_right_when_it_returns) {
  const std::string before = definitions();
  const Action one = create_index();
  const std::string state = apply(one);
  ASSERT_TRUE(server_->stop(true));
  EXPECT_EQ(of(one).undo(one, state).error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(of(one).is_undone(one, state).error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(of(one).check(one).error().code(), ErrorCode::kUnavailable);
  ASSERT_TRUE(server_->start_again());
  undo(one, state);
  EXPECT_EQ(definitions(), before);
}

// The build waits for an old transaction; the server dies under it and leaves an invalid index.
TEST_F(PostgresqlExecutorsTest, server_killed_in_the_middle_leaves_nothing_behind) {
  const std::string before = definitions();
  auto holder = server_->connect();
  ASSERT_TRUE((*holder)->execute("BEGIN; UPDATE s.orders SET total = 2 WHERE id = 1"));
  const Action one = create_index();
  Status made = ok();
  std::jthread builder([&] { made = of(one).apply(one, "absent"); });
  auto watcher = server_->connect();
  while ((*watcher)->query("SELECT 1 FROM pg_stat_progress_create_index")->size() == 0) {
    std::this_thread::yield();
  }
  ASSERT_TRUE(server_->stop(true));
  builder.join();
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), ErrorCode::kUnavailable) << made.error().message();
  ASSERT_TRUE(server_->start_again());
  EXPECT_FALSE(of(one).is_applied(one, "absent").value());
  undo(one, "absent");
  EXPECT_EQ(definitions(), before);
}

TEST_F(PostgresqlExecutorsTest, long_build_can_be_cancelled) {
  auto holder = server_->connect();
  ASSERT_TRUE((*holder)->execute("BEGIN; UPDATE s.orders SET total = 2 WHERE id = 1"));
  const Action one = create_index();
  Status made = ok();
  std::jthread builder([&] { made = of(one).apply(one, "absent"); });
  auto watcher = server_->connect();
  while ((*watcher)->query("SELECT 1 FROM pg_stat_progress_create_index")->size() == 0) {
    std::this_thread::yield();
  }
  of(one).cancel();
  builder.join();
  EXPECT_EQ(made.error().code(), ErrorCode::kTimeout) << made.error().message();
  ASSERT_TRUE((*holder)->execute("COMMIT"));
  undo(one, "absent");
}

// The whole loop on a real server: an index that helps is kept, one that harms goes without a trace.
TEST_F(PostgresqlExecutorsTest, index_goes_from_proposal_to_verdict) {
  for (const bool harms : {false, true}) {
    const std::string before = definitions();
    FakeClock clock(kTestStart);
    const auto logger = create_null_logger();
    const auto ledger = Ledger::open(":memory:", clock, *logger).value();
    TimestampMs applied = kTimestampMax;
    FunctionQuerier querier([&](std::string_view name, TimestampMs at) {
      const double factor = at > applied ? (name == "t" ? 0.3 : harms ? 2 : 1) : 1;
      return factor * (1 + 0.05 * noise_at(name, at));
    });
    Metrics metrics;
    Policy policy;
    policy.dry_run = false;
    policy.rules.push_back(
        {.name = "indexes", .actions = {"postgresql.*_index"}, .approve = Approval::kAuto});
    ChangeRunner runner({*ledger, querier, executors_, policy, clock, metrics, *logger, "node-1"});
    Recommendation advice = full_recommendation("index");
    advice.action = create_index();
    advice.verify = {};
    advice.verify.target = {"mean time", "t", "seconds", WorseDirection::kUp};
    advice.verify.guards.push_back({{"insert time", "g", "seconds", WorseDirection::kUp}, 0.05, 0});
    advice.verify.step_ms = 5 * kSecondMs;
    advice.conflicts.clear();
    advice.after.clear();
    ASSERT_TRUE(ledger->record_advice({"postgresql.index"}, {advice}));
    Change change;
    for (int i = 0; i < 300; ++i) {
      ASSERT_TRUE(runner.run_until_idle());
      change = ledger->changes({})->at(0);
      if (change.applied_ms) applied = *change.applied_ms;
      if (!is_live(change)) break;
      clock.advance(kSecondMs);
    }
    EXPECT_EQ(change.state, harms ? ChangeState::kRolledBack : ChangeState::kKept) << to_json(change);
    EXPECT_EQ(definitions() == before, harms);
    if (!harms) sql("DROP INDEX s.orders_by");
  }
}

}  // namespace
}  // namespace trimtab::act
