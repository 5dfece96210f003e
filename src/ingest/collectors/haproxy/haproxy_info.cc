// SPDX-License-Identifier: Apache-2.0
// What the lines of `show info` are called (HAProxy's management guide, "show info"; names of its Prometheus
// page).
#include <algorithm>
#include <cmath>

#include "ingest/collectors/haproxy/haproxy_source.h"
#include "ingest/number.h"

namespace trimtab {
namespace {

struct Known {
  std::string_view field;
  std::string_view metric;
  MetricType type;
};
constexpr MetricType kCounter = MetricType::kCounter;
constexpr MetricType kGauge = MetricType::kGauge;

constexpr Known kKnown[] = {
    {"Nbthread", "haproxy_process_nbthread", kGauge},
    {"Nbproc", "haproxy_process_nbproc", kGauge},
    {"Process_num", "haproxy_process_relative_process_id", kGauge},
    {"Uptime_sec", "haproxy_process_uptime_seconds", kGauge},
    {"Start_time_sec", "haproxy_process_start_time_seconds", kGauge},
    {"Memmax_bytes", "haproxy_process_max_memory_bytes", kGauge},
    {"PoolAlloc_bytes", "haproxy_process_pool_allocated_bytes", kGauge},
    {"PoolUsed_bytes", "haproxy_process_pool_used_bytes", kGauge},
    {"PoolFailed", "haproxy_process_pool_failures_total", kCounter},
    {"Ulimit-n", "haproxy_process_max_fds", kGauge},
    {"Maxsock", "haproxy_process_max_sockets", kGauge},
    {"Maxconn", "haproxy_process_max_connections", kGauge},
    {"Hard_maxconn", "haproxy_process_hard_max_connections", kGauge},
    {"CurrConns", "haproxy_process_current_connections", kGauge},
    {"CumConns", "haproxy_process_connections_total", kCounter},
    {"CumReq", "haproxy_process_requests_total", kCounter},
    {"MaxSslConns", "haproxy_process_max_ssl_connections", kGauge},
    {"CurrSslConns", "haproxy_process_current_ssl_connections", kGauge},
    {"CumSslConns", "haproxy_process_ssl_connections_total", kCounter},
    {"Maxpipes", "haproxy_process_max_pipes", kGauge},
    {"PipesUsed", "haproxy_process_pipes_used_total", kCounter},
    {"PipesFree", "haproxy_process_pipes_free_total", kCounter},
    {"ConnRate", "haproxy_process_current_connection_rate", kGauge},
    {"ConnRateLimit", "haproxy_process_limit_connection_rate", kGauge},
    {"MaxConnRate", "haproxy_process_max_connection_rate", kGauge},
    {"SessRate", "haproxy_process_current_session_rate", kGauge},
    {"SessRateLimit", "haproxy_process_limit_session_rate", kGauge},
    {"MaxSessRate", "haproxy_process_max_session_rate", kGauge},
    {"SslRate", "haproxy_process_current_ssl_rate", kGauge},
    {"SslRateLimit", "haproxy_process_limit_ssl_rate", kGauge},
    {"MaxSslRate", "haproxy_process_max_ssl_rate", kGauge},
    {"SslFrontendKeyRate", "haproxy_process_current_frontend_ssl_key_rate", kGauge},
    {"SslFrontendMaxKeyRate", "haproxy_process_max_frontend_ssl_key_rate", kGauge},
    {"SslFrontendSessionReuse_pct", "haproxy_process_frontend_ssl_reuse", kGauge},
    {"SslBackendKeyRate", "haproxy_process_current_backend_ssl_key_rate", kGauge},
    {"SslBackendMaxKeyRate", "haproxy_process_max_backend_ssl_key_rate", kGauge},
    {"SslCacheLookups", "haproxy_process_ssl_cache_lookups_total", kCounter},
    {"SslCacheMisses", "haproxy_process_ssl_cache_misses_total", kCounter},
    {"CompressBpsIn", "haproxy_process_http_comp_bytes_in_total", kCounter},
    {"CompressBpsOut", "haproxy_process_http_comp_bytes_out_total", kCounter},
    {"CompressBpsRateLim", "haproxy_process_limit_http_comp", kGauge},
    {"Tasks", "haproxy_process_current_tasks", kGauge},
    {"Run_queue", "haproxy_process_current_run_queue", kGauge},
    {"Idle_pct", "haproxy_process_idle_time_percent", kGauge},
    {"Stopping", "haproxy_process_stopping", kGauge},
    {"Jobs", "haproxy_process_jobs", kGauge},
    {"Unstoppable Jobs", "haproxy_process_unstoppable_jobs", kGauge},
    {"Listeners", "haproxy_process_listeners", kGauge},
    {"ActivePeers", "haproxy_process_active_peers", kGauge},
    {"ConnectedPeers", "haproxy_process_connected_peers", kGauge},
    {"DroppedLogs", "haproxy_process_dropped_logs_total", kCounter},
    {"BusyPolling", "haproxy_process_busy_polling_enabled", kGauge},
    {"FailedResolutions", "haproxy_process_failed_resolutions", kCounter},
    {"TotalBytesOut", "haproxy_process_bytes_out_total", kCounter},
    {"TotalSplicedBytesOut", "haproxy_process_spliced_bytes_out_total", kCounter},
    {"TotalSplicdedBytesOut", "haproxy_process_spliced_bytes_out_total", kCounter},  // so spelled until 2.8
    {"BytesOutRate", "haproxy_process_bytes_out_rate", kGauge},
    {"CumRecvLogs", "haproxy_process_recv_logs_total", kCounter},
};

}  // namespace

// Lines "Field: value".
void put_haproxy_info(std::string_view info, SeriesSink& sink) {
  while (!info.empty()) {
    const std::size_t end = std::min(info.find('\n'), info.size());
    const std::string_view line = info.substr(0, end);
    info.remove_prefix(std::min(end + 1, info.size()));
    const std::size_t colon = line.find(": ");
    if (colon == std::string_view::npos) continue;
    const std::string_view field = line.substr(0, colon), text = line.substr(colon + 2);
    if (field == "Version") sink.gauge("haproxy_process_build_info", 1, {{"version", text}});
    const auto* known = std::ranges::find(kKnown, field, &Known::field);
    double value = 0;
    if (known == std::end(kKnown) || !parse_double(text, value) || !std::isfinite(value)) continue;
    sink.add(known->metric, value, {}, known->type);
  }
}

}  // namespace trimtab
