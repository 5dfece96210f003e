// SPDX-License-Identifier: Apache-2.0
#include "advise/haproxy/haproxy_look.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "advise/series.h"

namespace trimtab::advise::haproxy {

namespace {

constexpr std::array<std::string_view, 2> kNames = {"proxy", "server"};

class Reader {
 public:
  Reader(const Context& context, const std::string& instance)
      : context_(context), instance_(fmt::format("instance={}", promql_string(instance))) {}

  // {series} and {window} of `form` stand for the metric of this instance and the time looked at.
  Result<NumbersByLabels> ask(std::string_view form, std::string_view metric,
                              std::string_view more = "") const {
    const std::string series = fmt::format("{}{{{}{}}}", metric, instance_, more);
    return values_now(
        context_,
        fmt::format(fmt::runtime(form), fmt::arg("series", series),
                    fmt::arg("window", fmt::format("[{}s]", kHaproxyWindowMs / kSecondMs)),
                    fmt::arg("subquery", fmt::format("[{}s:5s]", kHaproxyWindowMs / kSecondMs))),
        kNames);
  }
  Result<NumbersByLabels> grown(std::string_view metric, std::string_view more = "") const {
    return ask("increase({series}{window})", metric, more);
  }

 private:
  const Context& context_;
  const std::string instance_;
};

double of(const NumbersByLabels& numbers, const std::string& proxy, const std::string& server,
          double otherwise) {
  const auto found = numbers.find({proxy, server});
  return found == numbers.end() || !std::isfinite(found->second) ? otherwise : found->second;
}

Status read_servers(const Reader& reader, std::map<std::string, BackendLook>& backends) {
  constexpr std::string_view kTime = "haproxy_server_response_time_average_seconds";
  const auto up = TRY(reader.ask("{series}", "haproxy_server_status", ",state=\"UP\""));
  const auto unchecked = TRY(reader.ask("{series}", "haproxy_server_unchecked"));
  const auto weight = TRY(reader.ask("{series}", "haproxy_server_weight"));
  const auto requests = TRY(reader.grown("haproxy_server_loadbalanced_total"));
  const auto failed = TRY(reader.grown("haproxy_server_http_responses_total", ",code=\"5xx\""));
  const auto connections = TRY(reader.grown("haproxy_server_connection_errors_total"));
  const auto responses = TRY(reader.grown("haproxy_server_response_errors_total"));
  const auto retries = TRY(reader.grown("haproxy_server_retry_warnings_total"));
  const auto limit = TRY(reader.ask("{series}", "haproxy_server_limit_sessions"));
  const auto sessions = TRY(reader.ask("avg_over_time({series}{window})", "haproxy_server_current_sessions"));
  const auto mean = TRY(reader.ask("avg_over_time({series}{window})", kTime));
  const auto least = TRY(reader.ask("min_over_time({series}{window})", kTime));
  const auto most = TRY(reader.ask("max_over_time({series}{window})", kTime));
  for (const auto& [key, is_up] : up) {
    const std::string &proxy = key[0], &name = key[1];
    BackendLook& backend = backends[proxy];
    backend.name = proxy;
    backend.servers.push_back({
        .name = name,
        .is_up = is_up == 1,
        .is_checked = of(unchecked, proxy, name, 0) == 0,
        .weight = of(weight, proxy, name, -1),
        .requests = of(requests, proxy, name, 0),
        .failures = std::max(of(failed, proxy, name, 0),
                             of(connections, proxy, name, 0) + of(responses, proxy, name, 0)),
        .retries = of(retries, proxy, name, 0),
        .limit = of(limit, proxy, name, 0),
        .sessions_mean = of(sessions, proxy, name, 0),
        .response_mean = of(mean, proxy, name, -1),
        .response_least = of(least, proxy, name, -1),
        .response_most = of(most, proxy, name, -1),
    });
  }
  return ok();
}

Status read_queues(const Reader& reader, std::map<std::string, BackendLook>& backends) {
  constexpr std::string_view kQueue = "haproxy_backend_current_queue";
  // As a subquery, since only instant values compare.
  const auto share = TRY(reader.ask("avg_over_time(({series} > bool 0){subquery})", kQueue));
  const auto most = TRY(reader.ask("max_over_time({series}{window})", kQueue));
  const auto seconds = TRY(reader.ask("{series}", "haproxy_backend_queue_time_average_seconds"));
  for (auto& [name, backend] : backends) {
    backend.queued_share = of(share, name, "", 0);
    backend.queue_most = of(most, name, "", 0);
    backend.queue_seconds = of(seconds, name, "", -1);
  }
  return ok();
}

Status read_limits(const Reader& reader, std::vector<LimitLook>& limits) {
  const auto read = [&](std::string_view current, std::string_view limit) -> Status {
    const auto most = TRY(reader.ask("max_over_time({series}{window})", current));
    const auto allowed = TRY(reader.ask("{series}", limit));
    for (const auto& [key, value] : most) limits.push_back({key[0], value, of(allowed, key[0], "", 0)});
    return ok();
  };
  TRY(read("haproxy_process_current_connections", "haproxy_process_max_connections"));
  return read("haproxy_frontend_current_sessions", "haproxy_frontend_limit_sessions");
}

}  // namespace

Result<HaproxyLook> read_look(const Context& context, const std::string& instance) {
  const Reader reader(context, instance);
  HaproxyLook out;
  const auto since =
      TRY(reader.ask("time() - min(min_over_time(timestamp({series}){subquery}))", "haproxy_up"));
  if (since.empty() || !std::isfinite(since.begin()->second)) return out;
  out.seconds = since.begin()->second;
  std::map<std::string, BackendLook> backends;
  TRY(read_servers(reader, backends));
  TRY(read_queues(reader, backends));
  for (auto& [name, backend] : backends) out.backends.push_back(std::move(backend));
  TRY(read_limits(reader, out.limits));
  return out;
}

}  // namespace trimtab::advise::haproxy
