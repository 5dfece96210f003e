// SPDX-License-Identifier: Apache-2.0
// What the lines of `stats` are called (memcached's doc/protocol.txt; names of
// prometheus/memcached_exporter).
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "ingest/collectors/memcached/memcached_source.h"
#include "ingest/number.h"

namespace trimtab {
namespace {

using memcached::Stat;

struct Known {
  std::string_view stat;
  std::string_view metric;
  MetricType type;
};
constexpr MetricType kCounter = MetricType::kCounter;
constexpr MetricType kGauge = MetricType::kGauge;

constexpr Known kGeneral[] = {
    {"uptime", "memcached_uptime_seconds", kCounter},
    {"time", "memcached_time_seconds", kGauge},
    {"rusage_user", "memcached_process_user_cpu_seconds_total", kCounter},
    {"rusage_system", "memcached_process_system_cpu_seconds_total", kCounter},
    {"curr_connections", "memcached_current_connections", kGauge},
    {"total_connections", "memcached_connections_total", kCounter},
    {"rejected_connections", "memcached_connections_rejected_total", kCounter},
    {"conn_yields", "memcached_connections_yielded_total", kCounter},
    {"listen_disabled_num", "memcached_connections_listener_disabled_total", kCounter},
    {"accepting_conns", "memcached_accepting_connections", kGauge},
    {"bytes", "memcached_current_bytes", kGauge},
    {"limit_maxbytes", "memcached_limit_bytes", kGauge},
    {"curr_items", "memcached_current_items", kGauge},
    {"total_items", "memcached_items_total", kCounter},
    {"bytes_read", "memcached_read_bytes_total", kCounter},
    {"bytes_written", "memcached_written_bytes_total", kCounter},
    {"evictions", "memcached_items_evicted_total", kCounter},
    {"reclaimed", "memcached_items_reclaimed_total", kCounter},
    {"store_too_large", "memcached_item_too_large_total", kCounter},
    {"store_no_memory", "memcached_item_no_memory_total", kCounter},
    {"direct_reclaims", "memcached_direct_reclaims_total", kCounter},
    {"lru_crawler_starts", "memcached_lru_crawler_starts_total", kCounter},
    {"crawler_reclaimed", "memcached_lru_crawler_reclaimed_total", kCounter},
    {"crawler_items_checked", "memcached_lru_crawler_items_checked_total", kCounter},
    {"moves_to_cold", "memcached_lru_crawler_moves_to_cold_total", kCounter},
    {"moves_to_warm", "memcached_lru_crawler_moves_to_warm_total", kCounter},
    {"moves_within_lru", "memcached_lru_crawler_moves_within_lru_total", kCounter},
    // Only there when items may go to a file (ext_path).
    {"extstore_limit_maxbytes", "memcached_extstore_bytes_limit", kGauge},
    {"extstore_bytes_used", "memcached_extstore_bytes_used", kGauge},
    {"extstore_bytes_fragmented", "memcached_extstore_bytes_fragmented", kGauge},
    {"extstore_bytes_evicted", "memcached_extstore_bytes_evicted_total", kCounter},
    {"extstore_bytes_written", "memcached_extstore_bytes_written_total", kCounter},
    {"extstore_bytes_read", "memcached_extstore_bytes_read_total", kCounter},
    {"extstore_objects_used", "memcached_extstore_objects_used", kGauge},
    {"extstore_objects_evicted", "memcached_extstore_objects_evicted_total", kCounter},
    {"extstore_objects_read", "memcached_extstore_objects_read_total", kCounter},
    {"extstore_objects_written", "memcached_extstore_objects_written_total", kCounter},
    {"extstore_pages_free", "memcached_extstore_pages_free", kGauge},
    {"extstore_pages_used", "memcached_extstore_pages_used", kGauge},
    {"extstore_io_queue", "memcached_extstore_io_queue_depth", kGauge},
};

constexpr Known kSlab[] = {
    {"number", "memcached_slab_current_items", kGauge},
    {"number_hot", "memcached_slab_hot_items", kGauge},
    {"number_warm", "memcached_slab_warm_items", kGauge},
    {"number_cold", "memcached_slab_cold_items", kGauge},
    {"number_temp", "memcached_slab_temporary_items", kGauge},
    {"age", "memcached_slab_items_age_seconds", kGauge},
    {"age_hot", "memcached_slab_hot_age_seconds", kGauge},
    {"age_warm", "memcached_slab_warm_age_seconds", kGauge},
    {"mem_requested", "memcached_slab_mem_requested_bytes", kGauge},
    {"evicted", "memcached_slab_items_evicted_total", kCounter},
    {"evicted_nonzero", "memcached_slab_items_evicted_nonzero_total", kCounter},
    {"evicted_time", "memcached_slab_items_evicted_time_seconds",
     kGauge},  // the age of one item: it may fall
    {"evicted_unfetched", "memcached_slab_items_evicted_unfetched_total", kCounter},
    {"expired_unfetched", "memcached_slab_items_expired_unfetched_total", kCounter},
    {"outofmemory", "memcached_slab_items_outofmemory_total", kCounter},
    {"tailrepairs", "memcached_slab_items_tailrepairs_total", kCounter},
    {"reclaimed", "memcached_slab_items_reclaimed_total", kCounter},
    {"crawler_reclaimed", "memcached_slab_items_crawler_reclaimed_total", kCounter},
    {"moves_to_cold", "memcached_slab_items_moves_to_cold", kCounter},
    {"moves_to_warm", "memcached_slab_items_moves_to_warm", kCounter},
    {"moves_within_lru", "memcached_slab_items_moves_within_lru", kCounter},
    {"chunk_size", "memcached_slab_chunk_size_bytes", kGauge},
    {"chunks_per_page", "memcached_slab_chunks_per_page", kGauge},
    {"total_pages", "memcached_slab_current_pages", kGauge},
    {"total_chunks", "memcached_slab_current_chunks", kGauge},
    {"used_chunks", "memcached_slab_chunks_used", kGauge},
    {"free_chunks", "memcached_slab_chunks_free", kGauge},
    {"free_chunks_end", "memcached_slab_chunks_free_end", kGauge},
};

constexpr Known kSettings[] = {
    {"maxconns", "memcached_max_connections", kGauge},
    {"num_threads", "memcached_threads", kGauge},
    {"item_size_max", "memcached_item_size_max_bytes", kGauge},
};
// Settings of the LRU's upkeep, shown while it runs.
constexpr Known kCrawler[] = {
    {"lru_crawler", "memcached_lru_crawler_enabled", kGauge},
    {"lru_crawler_sleep", "memcached_lru_crawler_sleep", kGauge},
    {"lru_crawler_tocrawl", "memcached_lru_crawler_to_crawl", kGauge},
    {"lru_maintainer_thread", "memcached_lru_crawler_maintainer_thread", kGauge},
    {"hot_lru_pct", "memcached_lru_crawler_hot_percent", kGauge},
    {"warm_lru_pct", "memcached_lru_crawler_warm_percent", kGauge},
    {"hot_max_factor", "memcached_lru_crawler_hot_max_factor", kGauge},
    {"warm_max_factor", "memcached_lru_crawler_warm_max_factor", kGauge},
};

struct Outcome {
  std::string_view stat;
  std::string_view command;
  std::string_view status;
};
constexpr Outcome kOutcomes[] = {
    {"get_hits", "get", "hit"},          {"get_misses", "get", "miss"},   {"delete_hits", "delete", "hit"},
    {"delete_misses", "delete", "miss"}, {"incr_hits", "incr", "hit"},    {"incr_misses", "incr", "miss"},
    {"decr_hits", "decr", "hit"},        {"decr_misses", "decr", "miss"}, {"cas_hits", "cas", "hit"},
    {"cas_misses", "cas", "miss"},       {"cas_badval", "cas", "badval"}, {"touch_hits", "touch", "hit"},
    {"touch_misses", "touch", "miss"},   {"cmd_flush", "flush", "hit"},
};
constexpr std::pair<std::string_view, std::string_view> kLruHits[] = {{"hits_to_hot", "hot"},
                                                                      {"hits_to_warm", "warm"},
                                                                      {"hits_to_cold", "cold"},
                                                                      {"hits_to_temp", "temporary"}};

std::optional<double> number(std::string_view text) {
  if (text == "yes" || text == "no") return text == "yes" ? 1 : 0;
  double value = 0;
  if (!parse_double(text, value) || !std::isfinite(value)) return std::nullopt;
  return value;
}

const Known* find(std::span<const Known> table, std::string_view stat) {
  const auto found = std::ranges::find(table, stat, &Known::stat);
  return found == table.end() ? nullptr : &*found;
}

void put(std::span<const Known> table, const Stat& stat, SeriesSink& sink) {
  const Known* known = find(table, stat.name);
  const auto value = known != nullptr ? number(stat.value) : std::nullopt;
  if (value) sink.add(known->metric, *value, {}, known->type);
}

// cmd_set counts every cas too; `set` is what is left. Negative while a cas under way is in one number only.
struct Sets {
  std::optional<double> sets;
  double cas = 0;
  void take(std::string_view name, double value) {
    if (name == "cmd_set") sets = value;
    if (name == "cas_hits" || name == "cas_misses" || name == "cas_badval") cas += value;
  }
  double value() const { return std::max(0.0, *sets - cas); }
};

}  // namespace

void put_memcached_stats(std::span<const Stat> stats, SeriesSink& sink) {
  Sets sets;
  for (const Stat& stat : stats) {
    if (stat.name == "version") sink.gauge("memcached_version", 1, {{"version", stat.value}});
    put(kGeneral, stat, sink);
    const auto value = number(stat.value);
    if (!value) continue;
    sets.take(stat.name, *value);
    if (const auto* found = std::ranges::find(kOutcomes, stat.name, &Outcome::stat);
        found != std::end(kOutcomes)) {
      sink.counter("memcached_commands_total", *value,
                   {{"command", found->command}, {"status", found->status}});
    }
  }
  if (sets.sets) {
    sink.counter("memcached_commands_total", sets.value(), {{"command", "set"}, {"status", "hit"}});
  }
}

void put_memcached_slabs(std::span<const Stat> stats, SeriesSink& sink) {
  std::map<std::string_view, Sets> slabs;
  for (const Stat& stat : stats) {
    const auto value = number(stat.value);
    if (!value) continue;
    if (stat.name == "total_malloced") sink.gauge("memcached_malloced_bytes", *value);
    const auto slab = memcached::slab_stat(stat.name);
    if (!slab || (slabs.size() == kMemcachedSlabsMax && !slabs.contains(slab->slab))) continue;
    slabs[slab->slab].take(slab->name, *value);
    const std::array<SeriesSink::Pair, 1> label{{{"slab", slab->slab}}};
    if (const Known* known = find(kSlab, slab->name)) {
      sink.add(known->metric, *value, label, known->type);
    } else if (const auto* found = std::ranges::find(kOutcomes, slab->name, &Outcome::stat);
               found != std::end(kOutcomes)) {
      sink.counter("memcached_slab_commands_total", *value,
                   {{"slab", slab->slab}, {"command", found->command}, {"status", found->status}});
    } else if (const auto* lru = std::ranges::find(kLruHits, slab->name,
                                                   &std::pair<std::string_view, std::string_view>::first);
               lru != std::end(kLruHits)) {
      sink.counter("memcached_slab_lru_hits_total", *value, {{"slab", slab->slab}, {"lru", lru->second}});
    }
  }
  for (const auto& [slab, sets] : slabs) {
    if (!sets.sets) continue;
    sink.counter("memcached_slab_commands_total", sets.value(),
                 {{"slab", slab}, {"command", "set"}, {"status", "hit"}});
  }
}

void put_memcached_settings(std::span<const Stat> stats, SeriesSink& sink) {
  const bool crawler = std::ranges::any_of(
      stats, [](const Stat& stat) { return stat.name == "lru_crawler" && stat.value == "yes"; });
  for (const Stat& stat : stats) {
    put(kSettings, stat, sink);
    if (crawler) put(kCrawler, stat, sink);
  }
}

}  // namespace trimtab
