// SPDX-License-Identifier: Apache-2.0
// Against a real server of the test's own.
#include "ingest/collectors/postgresql/postgresql_source.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "ingest/collectors/postgresql/statements.h"
#include "ingest/collectors/target_collector.h"
#include "store/memory_store_testlib.h"
#include "targets/postgresql/server_fixture_testlib.h"

namespace trimtab {
namespace {

using postgresql::StatementSelection;

class PostgresqlSourceTest : public postgresql::ServerTest {
 protected:
  static void SetUpTestSuite() {
    ServerTest::SetUpTestSuite();
    sql("CREATE EXTENSION pg_stat_statements; CREATE ROLE watcher LOGIN; GRANT pg_monitor TO watcher; "
        "CREATE ROLE nobody LOGIN; CREATE TABLE orders (id int PRIMARY KEY, name text); "
        "INSERT INTO orders SELECT i, 'x' FROM generate_series(1, 1000) i; ANALYZE orders;"
        "SELECT pg_stat_force_next_flush()");
  }

  static void sql(const std::string& text) {
    auto connection = postgresql::Connection::open(
        {.dsn = server_->dsn(), .name = "postgresql/test", .application = "workload", .read_only = false});
    ASSERT_TRUE(connection) << connection.error().message();
    const Status done = (*connection)->execute(text);
    ASSERT_TRUE(done) << done.error().message();
  }

  void start(const std::string& user, const std::string& database = "postgres") {
    Target target;
    target.id = "main";
    target.instance = "db:5432";
    target.dsn = server_->dsn(database, user);
    collector = std::make_unique<TargetCollector>(
        target, TargetCollector::Sinks{store, rejects, clock, metrics, *logger, texts});
  }
  void round() {
    clock.advance(5 * kSecondMs);
    const Status stored = collector->collect();
    ASSERT_TRUE(stored) << stored.error().message();
  }
  double now(const std::string& selector) {
    const auto samples = store.samples(selector);
    const auto it = samples.find(clock.now_ms());
    return it == samples.end() ? -1 : it->second;
  }
  std::string query_id(const std::string& like) {
    auto connection = server_->connect();
    const auto rows =
        (*connection)->query("SELECT queryid FROM pg_stat_statements WHERE query LIKE $1", {like});
    return rows && rows->size() == 1 ? rows->text(0, 0) : "none";
  }

  MemoryStore store;
  FakeClock clock{1'700'000'000'000};
  Metrics metrics;
  Rejects rejects{metrics, clock};
  QueryTexts texts;
  std::unique_ptr<Logger> logger = create_null_logger();
  std::unique_ptr<TargetCollector> collector;
};

TEST_F(PostgresqlSourceTest, a_monitoring_role_sees_all_parts) {
  start("watcher");
  for (int i = 0; i < 8; ++i) round();
  const CollectorStatus status = collector->status();
  EXPECT_TRUE(status.up) << status.last_error;
  for (const auto& [part, sentence] : status.problems) ADD_FAILURE() << part << ": " << sentence;
  EXPECT_EQ(now("pg_up"), 1);
  EXPECT_EQ(now("pg_settings_max_connections{job=\"postgresql\",instance=\"db:5432\"}"), 100);
  EXPECT_GT(now("pg_stat_database_xact_commit{datname=\"postgres\"}"), 0);
  EXPECT_EQ(now("pg_stat_activity_count{datname=\"postgres\",state=\"idle in transaction\"}"), 0);
  EXPECT_EQ(now("pg_replication_is_replica"), 0);
  EXPECT_EQ(now("pg_backup_sessions{method=\"basebackup\"}"), 0);
  EXPECT_EQ(now("pg_backup_sessions{method=\"copy\"}"), 0);
  for (const char* metric :
       {"pg_stat_bgwriter_buffers_alloc_total", "pg_stat_wal_bytes_total", "pg_wal_position_bytes_total",
        "pg_settings_shared_buffers_bytes", "pg_settings_checkpoint_timeout_seconds", "pg_wal_segments",
        "pg_database_size_bytes{datname=\"postgres\"}", "pg_stat_user_tables_n_live_tup{relname=\"orders\"}",
        "pg_stat_user_indexes_idx_scan_total{indexrelname=\"orders_pkey\"}", "pg_static",
        "pg_locks_count{mode=\"AccessShareLock\"}"}) {
    EXPECT_FALSE(store.samples(metric).empty()) << metric;
  }
  EXPECT_EQ(store.samples("pg_stat_user_tables_n_live_tup{relname=\"orders\"}").begin()->second, 1000);
  EXPECT_EQ(store.samples("pg_settings_shared_buffers_bytes").begin()->second, 128.0 * 1024 * 1024);
  EXPECT_EQ(store.metadata().at("pg_stat_database_xact_commit").type, MetricType::kCounter);
}

TEST_F(PostgresqlSourceTest, statements_have_calls_and_seconds_and_a_text_and_ours_are_left_out) {
  start("watcher");
  for (int i = 0; i < 3; ++i) sql("SELECT count(*) FROM orders WHERE name = 'seven'");
  round();
  round();
  const std::string id = query_id("%count(*) FROM orders%");
  const std::string labels = "{datname=\"postgres\",queryid=\"" + id + "\"}";
  EXPECT_EQ(now("pg_stat_statements_calls_total" + labels), 3);
  EXPECT_EQ(now("pg_stat_statements_rows_total" + labels), 3);
  EXPECT_GT(now("pg_stat_statements_seconds_total" + labels), 0);
  sql("SELECT count(*) FROM orders WHERE name = 'eight'");
  round();
  EXPECT_EQ(now("pg_stat_statements_calls_total" + labels), 4);
  EXPECT_TRUE(texts.find("postgresql/main", id).value_or("").contains("WHERE name = $1"));
  for (int i = 0; i < 6; ++i) round();
  bool told = false;
  for (const std::string& name : store.series_names()) {
    EXPECT_FALSE(name.contains("/* trimtab")) << name;
    told = told || (name.starts_with("pg_stat_statements_query_info") && name.contains(id));
  }
  EXPECT_TRUE(told);
}

// After an upgrade of the server the extension may be of an earlier one, with that one's columns.
TEST_F(PostgresqlSourceTest, statements_of_an_old_extension_are_read_by_its_columns) {
  sql("CREATE DATABASE upgraded");
  auto connection = server_->connect("upgraded");
  ASSERT_TRUE(connection);
  for (const char* version : {"1.7", "1.8", "1.9"}) {
    ASSERT_TRUE((*connection)->execute("DROP EXTENSION IF EXISTS pg_stat_statements"));
    ASSERT_TRUE(
        (*connection)->execute(std::string("CREATE EXTENSION pg_stat_statements VERSION '") + version + "'"));
    sql("SELECT count(*) FROM orders WHERE id < 7");
    start("watcher", "upgraded");
    round();
    round();
    EXPECT_FALSE(collector->status().problems.contains("statements")) << version;
    const std::string id = query_id("%count(*) FROM orders WHERE id <%");
    EXPECT_GT(now("pg_stat_statements_seconds_total{datname=\"postgres\",queryid=\"" + id + "\"}"), 0)
        << version;
  }
  connection->reset();
}

TEST_F(PostgresqlSourceTest, missing_grants_and_extensions_are_named_with_their_repair) {
  start("nobody", "template1");
  round();
  const CollectorStatus status = collector->status();
  EXPECT_TRUE(status.up) << status.last_error;
  EXPECT_TRUE(status.problems.at("grants").contains("GRANT pg_monitor TO \"nobody\""))
      << status.problems.at("grants");
  EXPECT_TRUE(status.problems.at("statements").contains("CREATE EXTENSION pg_stat_statements"));
  EXPECT_TRUE(status.problems.contains("wal files"));
  EXPECT_GT(now("pg_stat_database_xact_commit{datname=\"postgres\"}"), 0);

  Target target;
  target.id = "main";
  target.dsn = server_->dsn("postgres", "nobody");
  target.act = true;
  target.act_dsn =
      target.dsn + " connect_timeout=4";  // named for changes, if only by being spelled otherwise
  const auto source = create_postgresql_source(target, {.clock = clock, .query_texts = texts});
  const auto sentences = source->check();
  ASSERT_EQ(sentences.size(), 4u);
  EXPECT_TRUE(sentences[0].contains("GRANT pg_monitor"));
  EXPECT_TRUE(sentences[1].contains("GRANT postgres TO \"nobody\"")) << sentences[1];
  EXPECT_TRUE(sentences[2].contains("GRANT ALTER SYSTEM ON PARAMETER")) << sentences[2];
  EXPECT_TRUE(sentences[3].contains("GRANT EXECUTE ON FUNCTION pg_reload_conf()")) << sentences[3];
}

TEST_F(PostgresqlSourceTest, a_server_that_stops_answering_ends_the_round_and_comes_back) {
  start("watcher");
  round();
  ASSERT_TRUE(server_->stop(true));
  round();
  EXPECT_EQ(now("pg_up"), 0);
  EXPECT_FALSE(collector->status().last_error.empty());
  ASSERT_TRUE(server_->start_again());
  for (int i = 0; i < 4; ++i) round();
  EXPECT_EQ(now("pg_up"), 1);
}

TEST(StatementSelection, a_member_stays_until_it_falls_far) {
  StatementSelection selection;
  std::vector<StatementSelection::Key> ranked;
  for (int i = 0; i < 400; ++i) ranked.emplace_back("d", std::to_string(i));
  EXPECT_EQ(selection.choose(ranked).size(), StatementSelection::kStatementsMax);
  std::swap(ranked[0], ranked[250]);    // falls, but not far: stays
  std::swap(ranked[1], ranked[350]);    // falls far: goes
  std::swap(ranked[199], ranked[200]);  // changes places at the edge: both are in
  const auto shown = selection.choose(ranked);
  EXPECT_TRUE((std::ranges::find(shown, 250u) != shown.end()));
  EXPECT_FALSE((std::ranges::find(shown, 350u) != shown.end()));
  EXPECT_TRUE((std::ranges::find(shown, 199u) != shown.end()));
  EXPECT_TRUE((std::ranges::find(shown, 200u) != shown.end()));
  EXPECT_LE(shown.size(), StatementSelection::kStatementsKept);
}

}  // namespace
}  // namespace trimtab
