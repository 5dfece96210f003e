// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "ingest/collectors/memcached/memcached_source.h"
#include "ingest/collectors/sink_fixture_testlib.h"

namespace trimtab {
namespace {

class MemcachedStatsTest : public SinkFixture {
 protected:
  MemcachedStatsTest() : SinkFixture("memcached") {}
  using Put = void (*)(std::span<const memcached::Stat>, SeriesSink&);
  void put(Put how, std::string_view text) {
    const std::string whole = std::string(text) + "END\r\n";
    std::string_view bytes = whole;
    const auto stats = memcached::decode_stats(bytes);
    ASSERT_TRUE(stats && *stats);
    sink.begin(1'700'000'000'000);
    how(**stats, sink);
    ASSERT_TRUE(sink.commit());
  }
  void expect(std::initializer_list<std::pair<const char*, double>> cases) {
    for (const auto& [selector, expected] : cases) EXPECT_NEAR(value(selector), expected, 1e-12) << selector;
  }
};

TEST_F(MemcachedStatsTest, general_lines_get_memcached_exporters_names) {
  put(put_memcached_stats,
      "STAT version 1.6.18\r\nSTAT rusage_user 1.250000\r\nSTAT curr_connections 3\r\nSTAT cmd_set 100\r\n"
      "STAT get_hits 80\r\nSTAT get_misses 20\r\nSTAT cas_hits 4\r\nSTAT cas_misses 3\r\nSTAT cas_badval "
      "2\r\n"
      "STAT cmd_flush 1\r\nSTAT limit_maxbytes 67108864\r\nSTAT bytes 4096\r\nSTAT evictions 7\r\n"
      "STAT accepting_conns 1\r\nSTAT extstore_io_queue 5\r\n");
  expect({{"memcached_version{version=\"1.6.18\"}", 1},
          {"memcached_process_user_cpu_seconds_total", 1.25},
          {"memcached_current_connections", 3},
          {"memcached_commands_total{command=\"get\",status=\"hit\"}", 80},
          {"memcached_commands_total{command=\"get\",status=\"miss\"}", 20},
          {"memcached_commands_total{command=\"cas\",status=\"badval\"}", 2},
          {"memcached_commands_total{command=\"flush\",status=\"hit\"}", 1},
          {"memcached_commands_total{command=\"set\",status=\"hit\"}", 91},
          {"memcached_limit_bytes", 67108864},
          {"memcached_current_bytes", 4096},
          {"memcached_items_evicted_total", 7},
          {"memcached_accepting_connections", 1},
          {"memcached_extstore_io_queue_depth", 5}});
  EXPECT_EQ(store.metadata().at("memcached_items_evicted_total").type, MetricType::kCounter);
  EXPECT_EQ(store.metadata().at("memcached_current_bytes").type, MetricType::kGauge);
}

TEST_F(MemcachedStatsTest, slab_classes_and_settings_have_labels_and_units) {
  put(put_memcached_slabs,
      "STAT items:5:number 12\r\nSTAT items:5:age 30\r\nSTAT items:5:hits_to_cold 9\r\n"
      "STAT items:5:hits_to_temp 1\r\nSTAT 5:chunk_size 240\r\nSTAT 5:used_chunks 12\r\nSTAT 5:cmd_set 20\r\n"
      "STAT 5:cas_hits 3\r\nSTAT 5:get_hits 40\r\nSTAT total_malloced 1048576\r\n");
  expect({{"memcached_slab_current_items{slab=\"5\"}", 12},
          {"memcached_slab_items_age_seconds{slab=\"5\"}", 30},
          {"memcached_slab_lru_hits_total{slab=\"5\",lru=\"cold\"}", 9},
          {"memcached_slab_lru_hits_total{slab=\"5\",lru=\"temporary\"}", 1},
          {"memcached_slab_chunk_size_bytes{slab=\"5\"}", 240},
          {"memcached_slab_chunks_used{slab=\"5\"}", 12},
          {"memcached_slab_commands_total{slab=\"5\",command=\"set\",status=\"hit\"}", 17},
          {"memcached_slab_commands_total{slab=\"5\",command=\"get\",status=\"hit\"}", 40},
          {"memcached_malloced_bytes", 1048576}});
  put(put_memcached_settings, "STAT maxconns 1024\r\nSTAT lru_crawler yes\r\nSTAT hot_max_factor 0.20\r\n");
  expect({{"memcached_max_connections", 1024},
          {"memcached_lru_crawler_enabled", 1},
          {"memcached_lru_crawler_hot_max_factor", 0.2}});
}

TEST_F(MemcachedStatsTest, other_text_gives_no_numbers_and_slab_classes_are_bounded) {
  put(put_memcached_stats,
      "STAT curr_items many\r\nSTAT bytes nan\r\nSTAT evictions inf\r\nSTAT \r\nSTAT get_hits \r\n"
      "STAT nonsense 1\r\nSTAT limit_maxbytes 1e999\r\n");
  EXPECT_TRUE(store.series_names().empty());
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "STAT items:" + std::to_string(i) + ":number 1\r\n";
  put(put_memcached_slabs, many);
  EXPECT_EQ(store.series_names().size(), kMemcachedSlabsMax);
}

}  // namespace
}  // namespace trimtab
