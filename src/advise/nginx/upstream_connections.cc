// SPDX-License-Identifier: Apache-2.0
#include "advise/nginx/upstream_connections.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "advise/nginx/proxying.h"
#include "base/format.h"

namespace trimtab::advise::nginx {

namespace {

constexpr double kIdleMin = 8, kIdleMax = 256;

// Twice what is under way at once (Little's law), to a power of two: a connection that comes back beyond
// what may be idle is closed.
int idle_connections(const UpstreamConnectionsLook& look) {
  const double at_once = look.connected.seconds > 0 ? look.upstream_seconds / look.connected.seconds : 0;
  return static_cast<int>(
      std::bit_ceil(static_cast<unsigned>(std::clamp(std::ceil(2 * at_once), kIdleMin, kIdleMax))));
}

class UpstreamConnectionsAdvisor final : public ServerAdvisor {
 public:
  explicit UpstreamConnectionsAdvisor(Target target)
      : ServerAdvisor(std::move(target), "nginx.upstream_connections") {}

 protected:
  Result<std::vector<Recommendation>> look(const AdvisedServer& where, const Context& context) override {
    std::vector<Recommendation> out;
    if (target().log.empty() || target().config.empty()) return out;
    UpstreamConnectionsLook look;
    look.configuration = TRY(read_configuration(target().config));
    const KeepAlivePlan plan = keepalive_plan(look.configuration, 1);
    if (plan.upstreams.empty() && plan.direct.empty()) return out;
    const std::string title = fmt::format("No advice on connections from {} to its upstreams", where.target);
    const Traffic traffic = TRY(read_traffic(context, where));
    look.connected = {
        .requests = TRY(sum_of(context, where, "nginx_http_upstream_connect_time_seconds_count")),
        .seconds = traffic.seconds};
    if (look.connected.requests == 0 && lacks(traffic).empty()) {
      // Nothing passed on, or not told.
      const double told = TRY(sum_of(context, where, "nginx_http_upstream_time_seconds_count"));
      out.push_back(
          not_enough(title, std::string(told > 0 ? "" : "requests that are passed on, with ") +
                                "the time to connect in the access log: uct=\"$upstream_connect_time\""));
      return out;
    }
    if (const std::string needs = lacks(look.connected); !needs.empty()) {
      out.push_back(not_enough(title + " yet", needs + " that are passed on"));
      return out;
    }
    look.connect_seconds = TRY(sum_of(context, where, "nginx_http_upstream_connect_time_seconds_sum"));
    look.upstream_seconds = TRY(sum_of(context, where, "nginx_http_upstream_time_seconds_sum"));
    look.collector_interval_ms = target().interval_ms;
    if (auto advice = advise_upstream_connections(look, where)) out.push_back(std::move(*advice));
    return out;
  }
};

std::vector<Fact> evidence_of(const UpstreamConnectionsLook& look, const KeepAlivePlan& plan) {
  const std::string source =
      fmt::format("access log, {} requests within {}", format_number(look.connected.requests),
                  format_duration_human(static_cast<DurationMs>(look.connected.seconds) * kSecondMs));
  const double requests = look.connected.requests;
  std::vector<Fact> out{
      {"time to connect",
       fmt::format("{} a request, {} of the upstreams' time",
                   format_with_unit(look.connect_seconds / requests, "seconds"),
                   format_with_unit(look.connect_seconds / look.upstream_seconds, "ratio")),
       source},
      {"requests under way at once", format_number(look.upstream_seconds / look.connected.seconds),
       "their time by that of the log (Little's law)"}};
  if (!plan.upstreams.empty()) {
    out.push_back({"upstreams whose connections are not kept",
                   fmt::format("{}", fmt::join(plan.upstreams, ", ")), "configuration"});
  }
  if (!plan.direct.empty()) {
    out.push_back({"passed to without an upstream block", fmt::format("{}", fmt::join(plan.direct, ", ")),
                   "configuration"});
  }
  return out;
}

void set_verification(const UpstreamConnectionsLook& look, const AdvisedServer& where, bool is_part,
                      Recommendation& out) {
  out.verify.target = {
      .title = "mean time to connect to an upstream",
      .expression = fmt::format("sum(rate(nginx_http_upstream_connect_time_seconds_sum{0}[{{{{.step}}}}])) / "
                                "sum(rate(nginx_http_upstream_connect_time_seconds_count{0}[{{{{.step}}}}]))",
                                where.labels()),
      .unit = "seconds",
      .worse = WorseDirection::kUp};
  out.expected = {out.verify.target.expression, -1, is_part ? -0.2 : -0.5};
  out.verify.minimum_effect = is_part ? 0.1 : 0.25;
  out.verify.guards = request_guards(where);
  out.verify.step_ms = look_step(look.connected, look.collector_interval_ms);
  out.verify.before_ms = std::max(kTrafficWindowMs, 12 * out.verify.step_ms);
  out.verify.observe_min_ms = 6 * out.verify.step_ms;
}

}  // namespace

std::optional<Recommendation> advise_upstream_connections(const UpstreamConnectionsLook& look,
                                                          const AdvisedServer& where) {
  if (!lacks(look.connected).empty()) return std::nullopt;
  const double mean = look.connect_seconds / look.connected.requests;
  // Also when one is not known.
  if (!(mean >= kConnectSecondsMin && look.connect_seconds >= kConnectShareMin * look.upstream_seconds)) {
    return std::nullopt;
  }
  const int idle = idle_connections(look);
  const KeepAlivePlan plan = keepalive_plan(look.configuration, idle);
  if (plan.upstreams.empty() && plan.direct.empty()) return std::nullopt;

  Recommendation out;
  out.fingerprint = fmt::format("nginx.upstream_connections|{}", where.target);
  out.title = fmt::format("Keep connections from {} to its upstreams open", where.target);
  out.why = "For each request a connection is opened, and clients wait for that.";
  out.evidence = evidence_of(look, plan);
  constexpr double kDaySeconds = static_cast<double>(kDayMs) / kSecondMs;
  out.benefit_seconds_per_day = 0.5 * mean * look.connected.per_second() * kDaySeconds;
  out.cost = fmt::format("up to {} idle connections a worker at each of them", idle);
  out.risk = Risk::kMedium;
  out.risk_reason =
      "an upstream that serves one connection a process or thread has one less for each that is idle; one "
      "that "
      "closes idle connections early can fail a request that is just sent";
  set_verification(look, where, !plan.direct.empty(), out);
  if (plan.edit) {
    out.action = edit_action(*plan.edit, where);
  } else {
    out.why += fmt::format(
        " A person must decide where: each needs an upstream block with `keepalive {};`, and "
        "`proxy_http_version "
        "1.1;` and `proxy_set_header Connection \"\";` where it is passed to.",
        idle);
  }
  return out;
}

std::unique_ptr<Advisor> create_upstream_connections_advisor(Target target) {
  return std::make_unique<UpstreamConnectionsAdvisor>(std::move(target));
}

}  // namespace trimtab::advise::nginx
