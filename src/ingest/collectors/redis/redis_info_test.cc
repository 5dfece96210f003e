// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "ingest/collectors/redis/redis_source.h"
#include "ingest/collectors/sink_fixture_testlib.h"

namespace trimtab {
namespace {

class RedisInfoTest : public SinkFixture {
 protected:
  RedisInfoTest() : SinkFixture("redis") {}
  void put(std::string_view info) {
    sink.begin(1'700'000'000'000);
    put_redis_info(info, sink);
    ASSERT_TRUE(sink.commit());
  }
};

TEST_F(RedisInfoTest, lines_get_redis_exporters_names) {
  put("# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n\r\n# Clients\r\nconnected_clients:3\r\n"
      "maxclients:10000\r\nused_memory:1048576\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n"
      "mem_fragmentation_ratio:1.25\r\nrdb_last_bgsave_status:ok\r\naof_last_write_status:err\r\n"
      "keyspace_hits:90\r\nkeyspace_misses:10\r\nlatest_fork_usec:1500\r\nused_cpu_user:0.5\r\nrole:"
      "master\r\n"
      "cmdstat_get:calls=100,usec=250000,usec_per_call=2500.00,rejected_calls=1,failed_calls=2\r\n"
      "errorstat_ERR:count=4\r\nlatency_percentiles_usec_get:p50=1.003,p99=2.007,p99.9=3.5\r\n"
      "db0:keys=12,expires=3,avg_ttl=2500\r\n");
  const std::pair<const char*, double> cases[] = {
      {"redis_connected_clients", 3},
      {"redis_config_maxclients", 10000},
      {"redis_memory_used_bytes", 1048576},
      {"redis_memory_max_bytes", 0},
      {"redis_mem_fragmentation_ratio", 1.25},
      {"redis_rdb_last_bgsave_status", 1},
      {"redis_aof_last_write_status", 0},
      {"redis_keyspace_hits_total", 90},
      {"redis_latest_fork_seconds", 0.0015},
      {"redis_cpu_user_seconds_total", 0.5},
      {"redis_commands_total{cmd=\"get\"}", 100},
      {"redis_commands_duration_seconds_total{cmd=\"get\"}", 0.25},
      {"redis_commands_failed_calls_total{cmd=\"get\"}", 2},
      {"redis_errors_total{err=\"ERR\"}", 4},
      {"redis_latency_percentiles_usec{cmd=\"get\",quantile=\"0.999\"}", 3.5},
      {"redis_db_keys{db=\"db0\"}", 12},
      {"redis_db_avg_ttl_seconds{db=\"db0\"}", 2.5},
      {"redis_instance_info{redis_version=\"7.0.15\",role=\"master\",maxmemory_policy=\"noeviction\"}", 1},
  };
  for (const auto& [selector, expected] : cases) EXPECT_NEAR(value(selector), expected, 1e-12) << selector;
  EXPECT_EQ(store.metadata().at("redis_keyspace_hits_total").type, MetricType::kCounter);
}

TEST_F(RedisInfoTest, other_text_gives_no_numbers_and_commands_are_bounded) {
  std::string info =
      "connected_clients:many\r\ndbx:keys=1\r\ndb0:keys=\r\ncmdstat_:calls=1\r\n:\r\n::\r\nused_memory:\r\n";
  for (int i = 0; i < 1000; ++i) info += "cmdstat_c" + std::to_string(i) + ":calls=1\r\n";
  put(info);
  EXPECT_EQ(store.series_names().size(), kRedisCommandsMax + 1);
}

}  // namespace
}  // namespace trimtab
