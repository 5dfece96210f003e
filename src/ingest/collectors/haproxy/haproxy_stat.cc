// SPDX-License-Identifier: Apache-2.0
// What the columns of `show stat` are called (HAProxy's management guide, "9.1. CSV format"; names and units
// of its Prometheus page, addons/promex).
#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "ingest/collectors/haproxy/haproxy_source.h"
#include "ingest/number.h"

namespace trimtab {
namespace {

constexpr unsigned kF = 1, kB = 2, kS = 4;  // of frontends, backends, servers

struct Column {
  std::string_view column;
  std::string_view metric;  // behind "haproxy_frontend_", ...
  unsigned kinds;
  MetricType type;
  double scale = 1;
};
constexpr MetricType kCounter = MetricType::kCounter;
constexpr MetricType kGauge = MetricType::kGauge;

constexpr Column kColumns[] = {
    {"qcur", "current_queue", kB | kS, kGauge},
    {"qmax", "max_queue", kB | kS, kGauge},
    {"qlimit", "queue_limit", kS, kGauge},
    {"scur", "current_sessions", kF | kB | kS, kGauge},
    {"smax", "max_sessions", kF | kB | kS, kGauge},
    {"slim", "limit_sessions", kF | kB | kS, kGauge},
    {"stot", "sessions_total", kF | kB | kS, kCounter},
    {"bin", "bytes_in_total", kF | kB | kS, kCounter},
    {"bout", "bytes_out_total", kF | kB | kS, kCounter},
    {"dreq", "requests_denied_total", kF | kB, kCounter},
    {"dresp", "responses_denied_total", kF | kB | kS, kCounter},
    {"ereq", "request_errors_total", kF, kCounter},
    {"econ", "connection_errors_total", kB | kS, kCounter},
    {"eresp", "response_errors_total", kB | kS, kCounter},
    {"wretr", "retry_warnings_total", kB | kS, kCounter},
    {"wredis", "redispatch_warnings_total", kB | kS, kCounter},
    {"weight", "weight", kB | kS, kGauge},
    {"act", "active_servers", kB, kGauge},
    {"bck", "backup_servers", kB, kGauge},
    {"chkfail", "check_failures_total", kS, kCounter},
    {"chkdown", "check_up_down_total", kB | kS, kCounter},
    {"lastchg", "check_last_change_seconds", kB | kS, kGauge},
    {"downtime", "downtime_seconds_total", kB | kS, kCounter},
    {"throttle", "current_throttle", kS, kGauge},
    {"lbtot", "loadbalanced_total", kB | kS, kCounter},
    {"rate_lim", "limit_session_rate", kF, kGauge},
    {"rate_max", "max_session_rate", kF | kB | kS, kGauge},
    {"check_code", "check_code", kS, kGauge},
    {"check_duration", "check_duration_seconds", kS, kGauge, 1e-3},
    {"req_rate_max", "http_requests_rate_max", kF, kGauge},
    {"req_tot", "http_requests_total", kF | kB, kCounter},
    {"cli_abrt", "client_aborts_total", kB | kS, kCounter},
    {"srv_abrt", "server_aborts_total", kB | kS, kCounter},
    {"comp_in", "http_comp_bytes_in_total", kF | kB, kCounter},
    {"comp_out", "http_comp_bytes_out_total", kF | kB, kCounter},
    {"comp_byp", "http_comp_bytes_bypassed_total", kF | kB, kCounter},
    {"comp_rsp", "http_comp_responses_total", kF | kB, kCounter},
    {"lastsess", "last_session_seconds", kB | kS, kGauge},
    {"qtime", "queue_time_average_seconds", kB | kS, kGauge, 1e-3},
    {"ctime", "connect_time_average_seconds", kB | kS, kGauge, 1e-3},
    {"rtime", "response_time_average_seconds", kB | kS, kGauge, 1e-3},
    {"ttime", "total_time_average_seconds", kB | kS, kGauge, 1e-3},
    {"qtime_max", "max_queue_time_seconds", kB | kS, kGauge, 1e-3},
    {"ctime_max", "max_connect_time_seconds", kB | kS, kGauge, 1e-3},
    {"rtime_max", "max_response_time_seconds", kB | kS, kGauge, 1e-3},
    {"ttime_max", "max_total_time_seconds", kB | kS, kGauge, 1e-3},
    {"conn_rate_max", "connections_rate_max", kF, kGauge},
    {"conn_tot", "connections_total", kF, kCounter},
    {"intercepted", "intercepted_requests_total", kF, kCounter},
    {"dcon", "denied_connections_total", kF, kCounter},
    {"dses", "denied_sessions_total", kF, kCounter},
    {"wrew", "failed_header_rewriting_total", kF | kB | kS, kCounter},
    {"connect", "connection_attempts_total", kB | kS, kCounter},
    {"reuse", "connection_reuses_total", kB | kS, kCounter},
    {"cache_lookups", "http_cache_lookups_total", kF | kB, kCounter},
    {"cache_hits", "http_cache_hits_total", kF | kB, kCounter},
    {"srv_icur", "idle_connections_current", kS, kGauge},
    {"src_ilim", "idle_connections_limit", kS, kGauge},
    {"eint", "internal_errors_total", kF | kB | kS, kCounter},
    {"idle_conn_cur", "unsafe_idle_connections_current", kS, kGauge},
    {"safe_conn_cur", "safe_idle_connections_current", kS, kGauge},
    {"used_conn_cur", "used_connections_current", kS, kGauge},
    {"need_conn_est", "need_connections_current", kS, kGauge},
    {"uweight", "uweight", kB | kS, kGauge},
};

struct Code {
  std::string_view column;
  std::string_view code;
};
constexpr Code kCodes[] = {{"hrsp_1xx", "1xx"}, {"hrsp_2xx", "2xx"}, {"hrsp_3xx", "3xx"},
                           {"hrsp_4xx", "4xx"}, {"hrsp_5xx", "5xx"}, {"hrsp_other", "other"}};

constexpr std::string_view kServerStates[] = {"DOWN", "UP", "MAINT", "DRAIN", "NOLB"};
constexpr std::string_view kProxyStates[] = {"DOWN", "UP"};

// "UP 1/3" (on its way down), "no check" (not checked, so used) and a frontend's "OPEN" and "FULL" are UP.
std::string_view state_of(std::string_view status) {
  for (const std::string_view state : kServerStates) {
    if (status.starts_with(state)) return state;
  }
  return status == "no check" || status == "OPEN" || status == "FULL" ? "UP" : "DOWN";
}

// Requests go to such a server whether it answers or not. HAProxy's page does not tell it.
bool is_unchecked(std::string_view status) { return status == "no check"; }

constexpr std::string_view kPrefixes[] = {"haproxy_frontend_", "haproxy_backend_", "haproxy_server_"};

class StatWriter {
 public:
  explicit StatWriter(SeriesSink& sink) : sink_(sink) {}

  void put(const HaproxyRow& row) {
    if (known_.empty()) know(row.columns);
    const auto kind = static_cast<std::size_t>(row.kind);
    labels_ = {{{"proxy", row.proxy}, {"server", row.server}, {}}};
    own_ = row.kind == HaproxyRow::Kind::kServer ? 2 : 1;
    prefix_ = kPrefixes[kind];
    for (std::size_t i = 0; i < known_.size(); ++i) put(known_[i], row.cells[i], 1u << kind);
  }

  // How many servers of each backend are in each state.
  void put_totals() {
    prefix_ = "haproxy_backend_";
    own_ = 1;
    for (const auto& [proxy, counts] : servers_) {
      labels_[0] = {"proxy", proxy};
      for (std::size_t i = 0; i < counts.size(); ++i) {
        add("agg_server_status", counts[i], kGauge, {"state", kServerStates[i]});
      }
    }
  }

 private:
  struct Known {
    const Column* column = nullptr;
    const Code* code = nullptr;
    bool status = false;
    bool check_status = false;
  };

  void know(std::span<const std::string_view> columns) {
    for (const std::string_view name : columns) {
      const auto* column = std::ranges::find(kColumns, name, &Column::column);
      const auto* code = std::ranges::find(kCodes, name, &Code::column);
      known_.push_back({.column = column == std::end(kColumns) ? nullptr : column,
                        .code = code == std::end(kCodes) ? nullptr : code,
                        .status = name == "status",
                        .check_status = name == "check_status"});
    }
  }

  void put(const Known& known, std::string_view cell, unsigned kind) {
    if (cell.empty()) return;
    if (known.status) return put_status(cell, kind);
    // "* L7OK" while the next check is under way.
    if (cell.starts_with("* ")) cell.remove_prefix(2);
    if (known.check_status && kind == kS) return add("check_status", 1, kGauge, {"state", cell});
    const bool wanted =
        known.code != nullptr || (known.column != nullptr && (known.column->kinds & kind) != 0);
    double value = 0;
    if (!wanted || !parse_double(cell, value) || !std::isfinite(value)) return;
    if (known.code != nullptr)
      return add("http_responses_total", value, kCounter, {"code", known.code->code});
    add(known.column->metric, value * known.column->scale, known.column->type, {});
  }

  void put_status(std::string_view cell, unsigned kind) {
    const std::string_view state = state_of(cell);
    const std::span<const std::string_view> states =
        kind == kS ? std::span<const std::string_view>(kServerStates) : kProxyStates;
    for (const std::string_view one : states) add("status", one == state ? 1 : 0, kGauge, {"state", one});
    if (kind != kS) return;
    if (is_unchecked(cell)) add("unchecked", 1, kGauge, {});
    const auto* place = std::ranges::find(kServerStates, state);
    servers_[std::string(labels_[0].value)][static_cast<std::size_t>(place - kServerStates)] += 1;
  }

  void add(std::string_view metric, double value, MetricType type, SeriesSink::Pair more) {
    name_.assign(prefix_).append(metric);
    labels_[own_] = more;
    sink_.add(name_, value, std::span(labels_).first(own_ + (more.name.empty() ? 0 : 1)), type);
  }

  SeriesSink& sink_;
  std::vector<Known> known_;  // of each column
  std::array<SeriesSink::Pair, 3> labels_;
  std::size_t own_ = 1;  // labels that name the row
  std::string_view prefix_;
  std::string name_;
  std::map<std::string, std::array<double, std::size(kServerStates)>> servers_;
};

}  // namespace

Result<HaproxyCsvTally> put_haproxy_stat(std::string_view csv, SeriesSink& sink) {
  StatWriter writer(sink);
  const HaproxyCsvTally tally = TRY(read_haproxy_csv(csv, [&](const HaproxyRow& row) { writer.put(row); }));
  writer.put_totals();
  return tally;
}

}  // namespace trimtab
