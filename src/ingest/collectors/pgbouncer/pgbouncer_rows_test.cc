// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "ingest/collectors/pgbouncer/pgbouncer_source.h"
#include "ingest/collectors/sink_fixture_testlib.h"

namespace trimtab {
namespace {

class PgbouncerRowsTest : public SinkFixture {
 protected:
  PgbouncerRowsTest() : SinkFixture("pgbouncer") {}
  using Cells = std::vector<std::optional<std::string>>;
  void put(std::string_view what, std::vector<std::string> columns, Cells cells) {
    sink.begin(1'700'000'000'000);
    put_pgbouncer_rows(what, {.columns = std::move(columns), .cells = std::move(cells)}, sink);
    ASSERT_TRUE(sink.commit());
  }
};

TEST_F(PgbouncerRowsTest, totals_are_counters_in_seconds_and_bytes) {
  put("STATS_TOTALS", {"database", "xact_count", "query_count", "bytes_received", "query_time", "wait_time"},
      {"shop", "5", "7", "100", "2500000", "1000", "crm", "1", "1", "0", "0", "0"});
  EXPECT_EQ(value("pgbouncer_stats_totals_queries_pooled_total{database=\"shop\"}"), 7);
  EXPECT_EQ(value("pgbouncer_stats_totals_sql_transactions_pooled_total{database=\"crm\"}"), 1);
  EXPECT_EQ(value("pgbouncer_stats_totals_queries_duration_seconds_total{database=\"shop\"}"), 2.5);
  EXPECT_NEAR(value("pgbouncer_stats_totals_client_wait_seconds_total{database=\"shop\"}"), 0.001, 1e-12);
  EXPECT_EQ(store.metadata().at("pgbouncer_stats_totals_queries_pooled_total").type, MetricType::kCounter);
}

TEST_F(PgbouncerRowsTest, pools_and_databases_carry_their_labels) {
  put("POOLS",
      {"database", "user", "cl_active", "cl_waiting", "sv_idle", "maxwait", "maxwait_us", "pool_mode"},
      {"shop", "web", "3", "2", "1", "4", "250000", "transaction"});
  EXPECT_EQ(value("pgbouncer_pools_client_waiting_connections{database=\"shop\",user=\"web\"}"), 2);
  EXPECT_EQ(value("pgbouncer_pools_client_maxwait_seconds{database=\"shop\",user=\"web\"}"), 4.25);
  put("DATABASES", {"name", "host", "port", "database", "force_user", "pool_size", "pool_mode", "paused"},
      {"shop", "db1", "5432", "shop_1", std::nullopt, "20", "session", "0"});
  EXPECT_EQ(value("pgbouncer_databases_pool_size{name=\"shop\",host=\"db1\",database=\"shop_1\"}"), 20);
  EXPECT_EQ(value("pgbouncer_databases_paused{name=\"shop\",pool_mode=\"session\"}"), 0);
}

TEST_F(PgbouncerRowsTest, lists_settings_and_version_are_rows_of_name_and_value) {
  put("LISTS", {"list", "items"}, {"used_clients", "12", "databases", "2", "dns_pending", "1"});
  EXPECT_EQ(value("pgbouncer_used_clients"), 12);
  EXPECT_EQ(value("pgbouncer_databases"), 2);
  put("CONFIG", {"key", "value", "default", "changeable"},
      {"max_client_conn", "100", "100", "yes", "auth_file", "/etc/users", "", "yes"});
  EXPECT_EQ(value("pgbouncer_config_max_client_connections"), 100);
  put("VERSION", {"version"}, {"PgBouncer 1.18.0"});
  EXPECT_EQ(value("pgbouncer_version_info{version=\"PgBouncer 1.18.0\"}"), 1);
}

TEST_F(PgbouncerRowsTest, other_rows_give_no_numbers) {
  put("STATS_TOTALS", {"database", "query_count"}, {"shop", "many"});
  put("POOLS", {"database", "user", "cl_active", "unknown"}, {"a", "b", std::nullopt, "3"});
  put("LISTS", {"list"}, {"databases"});
  put("LISTS", {}, {});
  put("VERSION", {"version"}, {});
  put("ANYTHING", {"database", "query_count"}, {"shop", "1"});
  EXPECT_TRUE(store.series_names().empty());
}

}  // namespace
}  // namespace trimtab
