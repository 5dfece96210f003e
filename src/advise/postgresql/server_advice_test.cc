// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "advise/postgresql/advisor_testlib.h"
#include "advise/postgresql/advisors.h"
#include "advise/postgresql/index_hygiene.h"
#include "advise/postgresql/query_patterns.h"
#include "advise/postgresql/server_settings.h"
#include "advise/postgresql/sessions.h"
#include "advise/postgresql/vacuum.h"
#include "targets/postgresql/server_testlib.h"

namespace trimtab::advise::postgresql {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;
using trimtab::postgresql::Connection;
using trimtab::postgresql::TestServer;

IndexFacts index(std::string name, std::vector<std::string> keys, double scans = 10) {
  IndexFacts out;
  out.name = std::move(name);
  out.method = "btree";
  out.signature = "btree|";
  for (const std::string& key : keys) out.signature += key + " ";
  out.signature += "|1|c c c|0 0 0|0";
  out.descending.assign(keys.size(), false);
  out.keys = std::move(keys);
  out.scans = scans;
  out.bytes = 64 << 20;
  return out;
}

std::vector<std::string> dropped(const std::vector<IndexFacts>& indexes, const IndexUse& use) {
  std::map<TableName, TableFacts> tables;
  tables[{"public", "t"}].indexes = indexes;
  std::vector<std::string> out;
  for (const DroppableIndex& one : droppable_indexes(tables, use)) out.push_back(one.index.name);
  return out;
}

TEST(IndexHygiene, only_what_nothing_stands_on_is_dropped) {
  const IndexUse long_observed{.observed_days = 20};
  IndexFacts key = index("t_pkey", {"id"}, 0);
  key.unique = key.constraint = true;
  IndexFacts twin = index("twin_of_pkey", {"id"});
  EXPECT_THAT(dropped({key, twin}, long_observed), ElementsAre("twin_of_pkey"));
  EXPECT_THAT(dropped({index("a", {"x"}), index("b", {"x", "y"})}, long_observed), ElementsAre("a"));
  EXPECT_THAT(dropped({index("a", {"y"}), index("b", {"x", "y"})}, long_observed), ElementsAre());
  IndexFacts unique = index("u", {"x"});
  unique.unique = true;
  EXPECT_THAT(dropped({unique, index("b", {"x", "y"})}, long_observed), ElementsAre());
  IndexFacts partial = index("p", {"x"});
  partial.where = "(z IS NULL)";
  partial.signature += "|(z IS NULL)";
  EXPECT_THAT(dropped({partial, index("b", {"x", "y"})}, long_observed), ElementsAre());
  // Of two that hold the same, the one that is read stays.
  EXPECT_THAT(dropped({index("a", {"x"}, 1), index("b", {"x"}, 500)}, long_observed), ElementsAre("a"));
}

TEST(IndexHygiene, what_serves_a_dropped_index_stays) {
  std::map<TableName, TableFacts> tables;
  tables[{"public", "t"}].indexes = {index("a", {"x"}), index("b", {"x", "y"}), index("c", {"x", "y", "z"})};
  const auto gone = droppable_indexes(tables, {.observed_days = 20});
  ASSERT_EQ(gone.size(), 2U);
  for (const DroppableIndex& one : gone) EXPECT_EQ(one.served_by, "c") << one.index.name;
}

TEST(IndexHygiene, unused_is_said_only_after_long_enough_and_without_replicas) {
  const std::vector<IndexFacts> one = {index("a", {"x"}, 0)};
  EXPECT_THAT(dropped(one, {.observed_days = 20}), ElementsAre("a"));
  EXPECT_THAT(dropped(one, {.observed_days = 5}), ElementsAre());
  EXPECT_THAT(dropped(one, {.observed_days = 20, .has_replicas = true}), ElementsAre());
  IndexFacts broken = index("broken", {"x"}, 0);
  broken.valid = false;
  EXPECT_THAT(dropped({broken}, {.observed_days = 0}), ElementsAre("broken"));
  EXPECT_THAT(dropped({broken}, {.observed_days = 0, .building = true}), ElementsAre());
}

ServerLook quiet_server() {
  ServerLook out;
  out.at_ms = 1'000'000;
  out.settings = {{"max_wal_size", 1ULL << 30},   {"checkpoint_timeout", 300}, {"work_mem", 4 << 20},
                  {"shared_buffers", 4ULL << 30}, {"random_page_cost", 4},     {"block_size", 8192},
                  {"wal_compression", 0}};
  return out;
}

std::vector<std::string> advised(const ServerLook& from, const ServerLook& to) {
  std::vector<std::string> out;
  for (const SettingAdvice& one : advise_settings(from, to, {"postgresql/main", "db:5432", "shop"})) {
    out.push_back(one.setting + "=" + one.value);
    EXPECT_LE(one.low, one.high);
    EXPECT_FALSE(one.evidence.empty());
  }
  return out;
}

TEST(ServerSettings, each_is_advised_for_what_was_seen_and_only_then) {
  const ServerLook from = quiet_server();
  ServerLook to = from;
  to.at_ms += kHourMs;
  EXPECT_THAT(advised(from, to), ElementsAre());

  ServerLook checkpoints = to;
  checkpoints.checkpoints_requested = 20;
  checkpoints.checkpoints_timed = 2;
  checkpoints.wal_bytes = 20.0 * (1ULL << 30);  // 5.7 MiB/s: 2.5 time-outs of 300 s take 4.2 GiB
  EXPECT_THAT(advised(from, checkpoints), ElementsAre("max_wal_size=8192MB"));
  checkpoints.checkpoints_timed = 60;
  EXPECT_THAT(advised(from, checkpoints), ElementsAre());

  ServerLook images = to;
  images.wal_bytes = 4.0 * (1ULL << 30);
  images.wal_full_pages = 400'000;
  EXPECT_THAT(advised(from, images), ElementsAre("wal_compression=on"));

  ServerLook spills = to;
  spills.temp_files = 100;
  spills.temp_bytes = 100.0 * (20 << 20);
  spills.backends = 10;
  EXPECT_THAT(advised(from, spills), ElementsAre("work_mem=64MB"));
  spills.backends = 100;  // 100 x 64 MiB do not fit into half of shared_buffers
  EXPECT_THAT(advised(from, spills), ElementsAre());

  ServerLook fast = to;
  fast.blocks_read = 100'000;
  EXPECT_THAT(advised(from, fast), ElementsAre());  // track_io_timing is off
  fast.block_read_seconds = 8;
  EXPECT_THAT(advised(from, fast), ElementsAre("random_page_cost=1.5"));
  fast.block_read_seconds = 500;
  EXPECT_THAT(advised(from, fast), ElementsAre());

  ServerLook reset = checkpoints;
  reset.wal_bytes = -1;
  EXPECT_THAT(advised(from, reset), ElementsAre());
}

TEST(Vacuum, large_tables_with_many_dead_rows_and_a_lax_share) {
  const auto advice = advise_vacuum({{"public", "small", 5000, 4000, 1e6, 50, 0.2},
                                     {"public", "lax", 1e6, 150'000, 1e8, 50, 0.2},
                                     {"public", "late", 1e6, 900'000, 1e8, 50, 0.2},
                                     {"public", "just due", 1e6, 250'000, 1e8, 50, 0.2},
                                     {"public", "clean", 1e6, 10, 1e8, 50, 0.2}});
  ASSERT_EQ(advice.size(), 2U);
  EXPECT_EQ(advice[0].facts.table, "lax");
  EXPECT_EQ(advice[0].scale_factor, kScaleFactorAdvised);
  EXPECT_EQ(advice[1].facts.table, "late");
  EXPECT_EQ(advice[1].scale_factor, 0);
}

WorkloadQuery query(const std::string& id, const std::string& text, double calls, double seconds,
                    double rows) {
  WorkloadQuery out;
  out.id = id;
  out.text = text;
  out.statement = read_statement(text);
  out.calls = calls;
  out.seconds = seconds;
  out.rows = rows;
  return out;
}

TEST(QueryPatterns, are_seen_in_counts_and_texts) {
  Workload load;
  load.window_ms = kHourMs;
  load.queries = {
      query("offset", "SELECT * FROM t ORDER BY id LIMIT $1 OFFSET $2", 100, 20, 2000),
      query("parent", "SELECT * FROM orders WHERE customer_id = $1", 200, 5, 4000),
      query("child", "SELECT * FROM items WHERE order_id = $1", 4020, 5, 9000),
      query("export", "SELECT * FROM t", 3, 5, 90'000),
      query("counted", "SELECT a, count(*) FROM t GROUP BY a", 3, 5, 90'000),
      query("rare", "SELECT * FROM t OFFSET $1", 1, 0.01, 1),
  };
  for (const auto& one : load.queries) load.seconds += one.seconds;
  std::vector<std::string> seen;
  for (const PatternMatch& match : match_patterns(load, {}, {})) {
    seen.push_back(load.queries[match.query].id + ":" + std::to_string(static_cast<int>(match.pattern)));
  }
  EXPECT_THAT(seen, UnorderedElementsAre("offset:0", "child:1", "export:2"));
}

TEST(Sessions, the_head_of_a_queue_is_found_through_others_and_circles_end) {
  const auto session = [](std::int64_t pid, std::vector<std::int64_t> blocked_by) {
    SessionFacts out;
    out.pid = pid;
    out.state_seconds = static_cast<double>(pid);
    out.blocked_by = std::move(blocked_by);
    return out;
  };
  const auto chains =
      lock_chains({session(1, {}), session(2, {1}), session(3, {2, 1}), session(7, {}), session(8, {7})});
  ASSERT_EQ(chains.size(), 2U);
  EXPECT_EQ(chains[0].root.pid, 1);
  EXPECT_EQ(chains[0].waiting, 2U);
  EXPECT_EQ(chains[0].longest_seconds, 3);
  EXPECT_TRUE(lock_chains({session(1, {2}), session(2, {1})}).empty());
}

TEST(Sessions, a_pool_holds_the_busy_ones_and_their_spread) {
  EXPECT_EQ(pool_size(0), 1);
  EXPECT_EQ(pool_size(1), 6);
  EXPECT_EQ(pool_size(16), 30);
}

TEST(Workload, two_looks_give_what_ran_between_and_resets_start_anew) {
  const auto look = [](TimestampMs at, TimestampMs reset, double calls) {
    StatementSnapshot out;
    out.at_ms = at;
    out.reset_ms = reset;
    out.by_id["1"] = {"SELECT a FROM t WHERE a = $1", calls, calls / 10, calls, 0};
    out.by_id["2"] = {"SELECT * FROM pg_stat_activity", calls, calls, calls, 0};
    out.by_id["3"] = {"VACUUM t", calls, calls, calls, 0};
    out.by_id["4"] = {"/* trimtab */ SELECT a FROM t", calls, calls, calls, 0};
    return out;
  };
  SnapshotHistory history(kMinuteMs);
  const Workload first = history.add(look(10 * kMinuteMs, kMinuteMs, 100));
  EXPECT_TRUE(first.since_reset);
  EXPECT_EQ(first.window_ms, 9 * kMinuteMs);
  ASSERT_EQ(first.queries.size(), 1U);
  EXPECT_EQ(first.queries[0].calls, 100);
  const Workload second = history.add(look(12 * kMinuteMs, kMinuteMs, 160));
  EXPECT_FALSE(second.since_reset);
  EXPECT_EQ(second.window_ms, 2 * kMinuteMs);
  EXPECT_EQ(second.queries.at(0).calls, 60);
  EXPECT_DOUBLE_EQ(second.queries.at(0).mean_seconds(), 0.1);
  EXPECT_EQ(history.add(look(13 * kMinuteMs, kMinuteMs, 160)).queries.at(0).calls, 60);
  const Workload reset = history.add(look(14 * kMinuteMs, 13 * kMinuteMs, 5));
  EXPECT_TRUE(reset.since_reset);
  EXPECT_EQ(reset.queries.at(0).calls, 5);
}

// All advisors on one real server, asked by a role that may only read.
TEST(ServerAdvice, a_real_server_answers_every_question) {
  auto started = TestServer::start();
  ASSERT_TRUE(started) << started.error().message();
  TestServer& server = **started;
  auto connected = connect_as_application(server.dsn());
  ASSERT_TRUE(connected);
  Connection& connection = **connected;
  ASSERT_TRUE(connection.set_statement_timeout(0));
  const Status made = connection.execute(
      "CREATE EXTENSION pg_stat_statements; CREATE EXTENSION hypopg;"
      "CREATE ROLE reader LOGIN; GRANT pg_monitor, pg_read_all_data TO reader;"
      "CREATE TABLE people (id int PRIMARY KEY, name text, town int, born date) WITH (autovacuum_enabled = "
      "off);"
      "INSERT INTO people SELECT i, 'name ' || i, i % 100, date '1990-01-01' + i % 9000 FROM "
      "generate_series(1, 150000) i;"
      "CREATE INDEX people_town ON people (town); CREATE INDEX people_town_born ON people (town, born);"
      "CREATE INDEX people_twin ON people (town, born) INCLUDE (id); CREATE INDEX people_name ON people "
      "(name);"
      "CREATE UNIQUE INDEX people_town_born_id ON people (town, born, id);"
      "DELETE FROM people WHERE id % 7 = 0; ANALYZE people; SELECT pg_stat_statements_reset()");
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_FALSE(connection.execute("CREATE UNIQUE INDEX CONCURRENTLY people_broken ON people (town)"));
  for (int i = 0; i < 25; ++i) {
    ASSERT_TRUE(
        connection.query("SELECT id FROM people WHERE lower(name) = $1", {"name " + std::to_string(i)}));
  }
  ASSERT_TRUE(connection.execute("SELECT pg_stat_force_next_flush(); SELECT 1"));

  Target target;
  target.id = "main";
  target.instance = "db:5432";
  target.dsn = server.dsn("postgres", "reader");
  Metrics metrics;
  AdvisorWorld world;
  for (const auto& advisor : create_advisors(target, metrics)) {
    const auto advice = advisor->advise(world.context());
    ASSERT_TRUE(advice) << advisor->name() << ": " << advice.error().message();
    for (const Recommendation& one : *advice) {
      EXPECT_EQ(one.advisor, advisor->name());
      EXPECT_EQ(one.action.target, "postgresql/main");
      EXPECT_FALSE(one.fingerprint.empty());
      EXPECT_TRUE(one.state == RecommendationState::kProposed || !one.needs.empty()) << one.title;
    }
  }

  const auto hygiene = create_index_hygiene_advisor(target)->advise(world.context());
  ASSERT_TRUE(hygiene) << hygiene.error().message();
  std::vector<std::string> titles;
  for (const Recommendation& one : *hygiene) titles.push_back(one.title);
  EXPECT_THAT(titles, UnorderedElementsAre("Drop the redundant index people_town on people",
                                           "Drop the redundant index people_town_born on people",
                                           "Drop the redundant index people_twin on people",
                                           "Drop the invalid index people_broken on people"));
  for (const Recommendation& one : *hygiene) {
    ASSERT_TRUE(connection.execute(one.action.apply)) << one.action.apply;
    if (one.title.find("broken") != std::string::npos) continue;
    ASSERT_TRUE(connection.execute(one.action.undo)) << one.action.undo;
  }

  const auto patterns = create_pattern_advisor(target, 1)->advise(world.context());
  ASSERT_TRUE(patterns) << patterns.error().message();
  ASSERT_EQ(patterns->size(), 1U);
  EXPECT_EQ((*patterns)[0].title, "Search people.name without an expression around it");
  EXPECT_THAT((*patterns)[0].why, HasSubstr("lower(people.name)"));

  const auto vacuum = create_vacuum_advisor(target)->advise(world.context());
  ASSERT_TRUE(vacuum) << vacuum.error().message();
  ASSERT_EQ(vacuum->size(), 1U);
  EXPECT_EQ((*vacuum)[0].title, "Vacuum people sooner");
  ASSERT_TRUE(connection.execute((*vacuum)[0].action.apply)) << (*vacuum)[0].action.apply;

  const auto settings = create_settings_advisor(target, 0)->advise(world.context());
  ASSERT_TRUE(settings) << settings.error().message();
  EXPECT_THAT(*settings, ElementsAre());
  const auto look = read_server(connection);
  ASSERT_TRUE(look) << look.error().message();
  EXPECT_EQ(look->settings.at("work_mem"), 4 << 20);
  EXPECT_EQ(look->settings.at("max_wal_size"), 1 << 30);
  EXPECT_EQ(look->settings.at("checkpoint_timeout"), 300);
  EXPECT_EQ(look->settings.at("wal_compression"), 0);
  EXPECT_EQ(look->settings.at("block_size"), 8192);
}

}  // namespace
}  // namespace trimtab::advise::postgresql
