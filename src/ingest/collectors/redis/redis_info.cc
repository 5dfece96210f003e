// SPDX-License-Identifier: Apache-2.0
// INFO's lines and what they are called (redis.io/docs/commands/info; names of redis_exporter).
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "ingest/collectors/redis/redis_source.h"
#include "targets/redis/info_text.h"

namespace trimtab {
namespace {

struct Known {
  std::string_view field;
  std::string_view metric;
  double scale = 1;
};

constexpr Known kGauges[] = {
    {"uptime_in_seconds", "redis_uptime_in_seconds"},
    {"connected_clients", "redis_connected_clients"},
    {"blocked_clients", "redis_blocked_clients"},
    {"tracking_clients", "redis_tracking_clients"},
    {"maxclients", "redis_config_maxclients"},
    {"used_memory", "redis_memory_used_bytes"},
    {"used_memory_rss", "redis_memory_used_rss_bytes"},
    {"used_memory_peak", "redis_memory_used_peak_bytes"},
    {"used_memory_overhead", "redis_memory_used_overhead_bytes"},
    {"used_memory_dataset", "redis_memory_used_dataset_bytes"},
    {"used_memory_lua", "redis_memory_used_lua_bytes"},
    {"maxmemory", "redis_memory_max_bytes"},
    {"total_system_memory", "redis_total_system_memory_bytes"},
    {"mem_fragmentation_ratio", "redis_mem_fragmentation_ratio"},
    {"mem_fragmentation_bytes", "redis_mem_fragmentation_bytes"},
    {"mem_not_counted_for_evict", "redis_mem_not_counted_for_eviction_bytes"},
    {"loading", "redis_loading_dump_file"},
    {"rdb_changes_since_last_save", "redis_rdb_changes_since_last_save"},
    {"rdb_bgsave_in_progress", "redis_rdb_bgsave_in_progress"},
    {"rdb_last_save_time", "redis_rdb_last_save_timestamp_seconds"},
    {"rdb_last_bgsave_time_sec", "redis_rdb_last_bgsave_duration_sec"},
    {"aof_enabled", "redis_aof_enabled"},
    {"aof_rewrite_in_progress", "redis_aof_rewrite_in_progress"},
    {"aof_last_rewrite_time_sec", "redis_aof_last_rewrite_duration_sec"},
    {"aof_current_size", "redis_aof_current_size_bytes"},
    {"aof_pending_bio_fsync", "redis_aof_pending_bio_fsync"},
    {"aof_delayed_fsync", "redis_aof_delayed_fsync"},
    {"instantaneous_ops_per_sec", "redis_instantaneous_ops_per_sec"},
    {"latest_fork_usec", "redis_latest_fork_seconds", 1e-6},
    {"pubsub_channels", "redis_pubsub_channels"},
    {"connected_slaves", "redis_connected_slaves"},
    {"master_repl_offset", "redis_master_repl_offset"},
    {"repl_backlog_size", "redis_replication_backlog_bytes"},
    {"master_last_io_seconds_ago", "redis_master_last_io_seconds_ago"},
    {"master_sync_in_progress", "redis_master_sync_in_progress"},
    {"cluster_enabled", "redis_cluster_enabled"},
    {"active_defrag_running", "redis_active_defrag_running"},
};

constexpr Known kCounters[] = {
    {"total_connections_received", "redis_connections_received_total"},
    {"total_commands_processed", "redis_commands_processed_total"},
    {"total_net_input_bytes", "redis_net_input_bytes_total"},
    {"total_net_output_bytes", "redis_net_output_bytes_total"},
    {"rejected_connections", "redis_rejected_connections_total"},
    {"sync_full", "redis_replica_resyncs_full"},
    {"sync_partial_ok", "redis_replica_partial_resync_accepted"},
    {"sync_partial_err", "redis_replica_partial_resync_denied"},
    {"expired_keys", "redis_expired_keys_total"},
    {"evicted_keys", "redis_evicted_keys_total"},
    {"evicted_clients", "redis_evicted_clients_total"},
    {"total_eviction_exceeded_time", "redis_eviction_exceeded_time_seconds_total", 1e-3},
    {"keyspace_hits", "redis_keyspace_hits_total"},
    {"keyspace_misses", "redis_keyspace_misses_total"},
    {"total_error_replies", "redis_error_replies_total"},
    {"used_cpu_sys", "redis_cpu_sys_seconds_total"},
    {"used_cpu_user", "redis_cpu_user_seconds_total"},
    {"used_cpu_sys_children", "redis_cpu_sys_children_seconds_total"},
    {"used_cpu_user_children", "redis_cpu_user_children_seconds_total"},
};

// Words that are states.
struct State {
  std::string_view field;
  std::string_view metric;
  std::string_view one;  // the word that is 1
};
constexpr State kStates[] = {
    {"rdb_last_bgsave_status", "redis_rdb_last_bgsave_status", "ok"},
    {"aof_last_bgrewrite_status", "redis_aof_last_bgrewrite_status", "ok"},
    {"aof_last_write_status", "redis_aof_last_write_status", "ok"},
    {"master_link_status", "redis_master_link_up", "up"},
};

// "db0:keys=12,expires=3,avg_ttl=0".
void put_database(std::string_view name, std::string_view value, SeriesSink& sink) {
  if (const auto keys = redis::info_part(value, "keys")) sink.gauge("redis_db_keys", *keys, {{"db", name}});
  if (const auto keys = redis::info_part(value, "expires"))
    sink.gauge("redis_db_keys_expiring", *keys, {{"db", name}});
  if (const auto ms = redis::info_part(value, "avg_ttl")) {
    sink.gauge("redis_db_avg_ttl_seconds", *ms / 1000, {{"db", name}});
  }
}

// "cmdstat_get:calls=1,usec=2,usec_per_call=2.00,rejected_calls=0,failed_calls=0".
void put_command(std::string_view name, std::string_view value, SeriesSink& sink) {
  const auto put = [&](std::string_view key, std::string_view metric, double scale) {
    if (const auto found = redis::info_part(value, key))
      sink.counter(metric, *found * scale, {{"cmd", name}});
  };
  put("calls", "redis_commands_total", 1);
  put("usec", "redis_commands_duration_seconds_total", 1e-6);
  put("rejected_calls", "redis_commands_rejected_calls_total", 1);
  put("failed_calls", "redis_commands_failed_calls_total", 1);
}

// "latency_percentiles_usec_get:p50=1.003,p99=2.007,p99.9=2.007".
void put_percentiles(std::string_view name, std::string_view value, SeriesSink& sink) {
  constexpr std::pair<std::string_view, std::string_view> kQuantiles[] = {
      {"p50", "0.5"}, {"p99", "0.99"}, {"p99.9", "0.999"}};
  for (const auto& [key, quantile] : kQuantiles) {
    if (const auto usec = redis::info_part(value, key)) {
      sink.gauge("redis_latency_percentiles_usec", *usec, {{"cmd", name}, {"quantile", quantile}});
    }
  }
}

bool put_known(std::string_view field, std::string_view value, SeriesSink& sink) {
  const auto same = [&](const auto& known) { return known.field == field; };
  if (const auto* state = std::ranges::find_if(kStates, same); state != std::end(kStates)) {
    sink.gauge(state->metric, value == state->one ? 1 : 0);
    return true;
  }
  const auto amount = redis::info_number(value);
  if (!amount) return false;
  if (const auto* gauge = std::ranges::find_if(kGauges, same); gauge != std::end(kGauges)) {
    sink.gauge(gauge->metric, *amount * gauge->scale);
    return true;
  }
  if (const auto* counter = std::ranges::find_if(kCounters, same); counter != std::end(kCounters)) {
    sink.counter(counter->metric, *amount * counter->scale);
    return true;
  }
  return false;
}

// The rest behind `prefix`, when it stands there.
std::optional<std::string_view> after(std::string_view text, std::string_view prefix) {
  if (!text.starts_with(prefix) || text.size() == prefix.size()) return std::nullopt;
  return text.substr(prefix.size());
}

}  // namespace

void put_redis_info(std::string_view info, SeriesSink& sink) {
  std::size_t commands = 0;
  std::size_t databases = 0;
  std::string_view version = "?", role = "?", mode = "?", policy = "?";
  redis::read_info(info, [&](std::string_view field, std::string_view value) {
    if (field == "redis_version") version = value;
    if (field == "role") role = value;
    if (field == "redis_mode") mode = value;
    if (field == "maxmemory_policy") policy = value;
    if (put_known(field, value, sink)) return;
    if (const auto command = after(field, "cmdstat_"); command && ++commands <= kRedisCommandsMax) {
      put_command(*command, value, sink);
    } else if (const auto timed = after(field, "latency_percentiles_usec_");
               timed && commands <= kRedisCommandsMax) {
      put_percentiles(*timed, value, sink);
    } else if (redis::is_info_database(field) && ++databases <= kRedisDatabasesMax) {
      put_database(field, value, sink);
    } else if (const auto error = after(field, "errorstat_"); error) {
      if (const auto count = redis::info_part(value, "count")) {
        sink.counter("redis_errors_total", *count, {{"err", *error}});
      }
    }
  });
  sink.gauge(
      "redis_instance_info", 1,
      {{"redis_version", version}, {"role", role}, {"redis_mode", mode}, {"maxmemory_policy", policy}});
}

}  // namespace trimtab
