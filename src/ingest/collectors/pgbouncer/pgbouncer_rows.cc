// SPDX-License-Identifier: Apache-2.0
// What the columns of the console are called (pgbouncer.org, "Admin console"; names of pgbouncer_exporter).
#include <algorithm>
#include <cmath>
#include <optional>
#include <span>

#include "ingest/collectors/pgbouncer/pgbouncer_source.h"
#include "ingest/number.h"

namespace trimtab {
namespace {

using postgresql::Rows;

struct Known {
  std::string_view column;
  std::string_view metric;
  MetricType type = MetricType::kGauge;
  double scale = 1;
};
constexpr MetricType kCounter = MetricType::kCounter;

constexpr Known kTotals[] = {
    {"xact_count", "pgbouncer_stats_totals_sql_transactions_pooled_total", kCounter},
    {"query_count", "pgbouncer_stats_totals_queries_pooled_total", kCounter},
    {"bytes_received", "pgbouncer_stats_totals_received_bytes_total", kCounter},
    {"bytes_sent", "pgbouncer_stats_totals_sent_bytes_total", kCounter},
    {"xact_time", "pgbouncer_stats_totals_server_in_transaction_seconds_total", kCounter, 1e-6},
    {"query_time", "pgbouncer_stats_totals_queries_duration_seconds_total", kCounter, 1e-6},
    {"wait_time", "pgbouncer_stats_totals_client_wait_seconds_total", kCounter, 1e-6},
    {"client_parse_count", "pgbouncer_stats_totals_client_parses_total", kCounter},
    {"server_parse_count", "pgbouncer_stats_totals_server_parses_total", kCounter},
    {"bind_count", "pgbouncer_stats_totals_binds_total", kCounter},
};

constexpr Known kPools[] = {
    {"cl_active", "pgbouncer_pools_client_active_connections"},
    {"cl_waiting", "pgbouncer_pools_client_waiting_connections"},
    {"cl_active_cancel_req", "pgbouncer_pools_client_active_cancel_connections"},
    {"cl_waiting_cancel_req", "pgbouncer_pools_client_waiting_cancel_connections"},
    {"sv_active", "pgbouncer_pools_server_active_connections"},
    {"sv_active_cancel", "pgbouncer_pools_server_active_cancel_connections"},
    {"sv_being_canceled", "pgbouncer_pools_server_being_canceled_connections"},
    {"sv_idle", "pgbouncer_pools_server_idle_connections"},
    {"sv_used", "pgbouncer_pools_server_used_connections"},
    {"sv_tested", "pgbouncer_pools_server_testing_connections"},
    {"sv_login", "pgbouncer_pools_server_login_connections"},
};

constexpr Known kDatabases[] = {
    {"pool_size", "pgbouncer_databases_pool_size"},
    {"reserve_pool", "pgbouncer_databases_reserve_pool"},
    {"reserve_pool_size", "pgbouncer_databases_reserve_pool"},  // so called from 1.24 on
    {"max_connections", "pgbouncer_databases_max_connections"},
    {"current_connections", "pgbouncer_databases_current_connections"},
    {"paused", "pgbouncer_databases_paused"},
    {"disabled", "pgbouncer_databases_disabled"},
};

// Rows of name and value.
constexpr Known kLists[] = {
    {"databases", "pgbouncer_databases"},
    {"users", "pgbouncer_users"},
    {"pools", "pgbouncer_pools"},
    {"free_clients", "pgbouncer_free_clients"},
    {"used_clients", "pgbouncer_used_clients"},
    {"login_clients", "pgbouncer_login_clients"},
    {"free_servers", "pgbouncer_free_servers"},
    {"used_servers", "pgbouncer_used_servers"},
    {"dns_names", "pgbouncer_cached_dns_names"},
    {"dns_zones", "pgbouncer_cached_dns_zones"},
    {"dns_queries", "pgbouncer_in_flight_dns_queries"},
};
constexpr Known kConfig[] = {
    {"max_client_conn", "pgbouncer_config_max_client_connections"},
    {"max_user_connections", "pgbouncer_config_max_user_connections"},
    {"default_pool_size", "pgbouncer_config_default_pool_size"},
};

const Known* find(std::span<const Known> table, std::string_view name) {
  const auto found = std::ranges::find(table, name, &Known::column);
  return found == table.end() ? nullptr : &*found;
}

std::optional<double> number(const Rows& rows, std::size_t row, std::size_t column) {
  double value = 0;
  if (!parse_double(rows.text(row, column), value) || !std::isfinite(value)) return std::nullopt;
  return value;
}

// A series for each known column of each row, labelled by the columns `labels`.
void put_table(const Rows& rows, std::span<const Known> table, std::span<const std::string_view> labels,
               SeriesSink& sink) {
  std::vector<std::string> values(labels.size());
  std::vector<SeriesSink::Pair> pairs(labels.size());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    std::optional<double> wait_s, wait_us;
    std::ranges::fill(values, "");
    for (std::size_t column = 0; column < rows.columns.size(); ++column) {
      const auto label = std::ranges::find(labels, rows.columns[column]);
      if (label != labels.end()) {
        values[static_cast<std::size_t>(label - labels.begin())] = rows.text(row, column);
      }
      if (rows.columns[column] == "maxwait") wait_s = number(rows, row, column);
      if (rows.columns[column] == "maxwait_us") wait_us = number(rows, row, column);
    }
    for (std::size_t i = 0; i < labels.size(); ++i) pairs[i] = {labels[i], values[i]};
    for (std::size_t column = 0; column < rows.columns.size(); ++column) {
      const Known* known = find(table, rows.columns[column]);
      const auto value = known != nullptr ? number(rows, row, column) : std::nullopt;
      if (value) sink.add(known->metric, *value * known->scale, pairs, known->type);
    }
    // Whole seconds and the microseconds beside them.
    if (wait_s) {
      sink.add("pgbouncer_pools_client_maxwait_seconds", *wait_s + wait_us.value_or(0) * 1e-6, pairs,
               MetricType::kGauge);
    }
  }
}

void put_list(const Rows& rows, std::span<const Known> table, SeriesSink& sink) {
  if (rows.columns.size() < 2) return;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const Known* known = find(table, rows.text(row, 0));
    const auto value = known != nullptr ? number(rows, row, 1) : std::nullopt;
    if (value) sink.gauge(known->metric, *value);
  }
}

}  // namespace

void put_pgbouncer_rows(std::string_view what, const Rows& rows, SeriesSink& sink) {
  constexpr std::string_view kDatabase[] = {"database"};
  constexpr std::string_view kPool[] = {"database", "user"};
  constexpr std::string_view kEntry[] = {"name", "host", "port", "database", "force_user", "pool_mode"};
  if (what == "STATS_TOTALS") put_table(rows, kTotals, kDatabase, sink);
  if (what == "POOLS") put_table(rows, kPools, kPool, sink);
  if (what == "DATABASES") put_table(rows, kDatabases, kEntry, sink);
  if (what == "LISTS") put_list(rows, kLists, sink);
  if (what == "CONFIG") put_list(rows, kConfig, sink);
  if (what == "VERSION" && rows.size() == 1) {
    sink.gauge("pgbouncer_version_info", 1, {{"version", rows.text(0, 0)}});
  }
}

}  // namespace trimtab
