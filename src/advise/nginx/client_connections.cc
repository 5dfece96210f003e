// SPDX-License-Identifier: Apache-2.0
#include "advise/nginx/client_connections.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "advise/nginx/connections.h"
#include "base/format.h"

namespace trimtab::advise::nginx {

namespace {

// ngx_http_core_module: the defaults.
constexpr double kTimeoutDefault = 75;
constexpr double kRequestsDefault = 1000;
constexpr double kTimeoutMin = 5;  // shorter is of little use to clients
// Of worker_connections, by idle ones.
constexpr double kIdleShareMax = 0.5;
constexpr double kAlwaysOne = 1.05;  // requests a connection
constexpr double kBites = 0.5;       // so much of what is allowed a connection comes to, on average

class ClientConnectionsAdvisor final : public ServerAdvisor {
 public:
  explicit ClientConnectionsAdvisor(Target target)
      : ServerAdvisor(std::move(target), "nginx.client_connections") {}

 protected:
  Result<std::vector<Recommendation>> look(const AdvisedServer& where, const Context& context) override {
    std::vector<Recommendation> out;
    if (!target().url.starts_with("http") || target().config.empty()) return out;
    ClientConnectionsLook look;
    look.seconds = TRY(seconds_of(context, where, "nginx_connections_handled"));
    look.connections = TRY(sum_of(context, where, "nginx_connections_handled"));
    look.requests = TRY(sum_of(context, where, "nginx_http_requests_total"));
    look.configuration = TRY(read_configuration(target().config));
    look.collector_interval_ms = target().interval_ms;
    if (auto advice = advise_client_connections(look, where)) out.push_back(std::move(*advice));
    return out;
  }
};

// What would be set, in the place of what; empty when nothing needs to be.
struct Wish {
  const Directive* set = nullptr;
  std::string text;
  std::string found;
};

// How long idle connections may last so that they fill kIdleShareMax of what there is at most: as many are
// idle as come within that time (Little's law).
double timeout_with_room(const ClientConnectionsLook& look) {
  const auto& all = look.configuration.directives;
  const Directive* events = find(all, "events");
  const double each = whole_number(events == nullptr ? nullptr : find(events->inside, "worker_connections"),
                                   kConnectionsDefault);
  const double workers = whole_number(find(all, "worker_processes"), 1);  // "auto": one or more
  const double rate = look.connections / look.seconds;
  return std::min(kTimeoutDefault, std::floor(kIdleShareMax * each * workers / rate));
}

std::optional<Wish> wish_of(const ClientConnectionsLook& look) {
  const Directive* http = find(look.configuration.directives, "http");
  if (http == nullptr || !http->is_block) return std::nullopt;
  const double each = look.requests / look.connections;
  const Directive* timeout = find(http->inside, "keepalive_timeout");
  if (timeout != nullptr && timeout->words.size() >= 2 &&
      (timeout->words[1] == "0" || timeout->words[1] == "0s")) {
    const double seconds = timeout_with_room(look);
    if (each > kAlwaysOne || seconds < kTimeoutMin || count_inside(http->inside, "keepalive_timeout") > 0) {
      return std::nullopt;
    }
    return Wish{timeout, fmt::format("keepalive_timeout {:.0f}s;", seconds), "keepalive_timeout 0"};
  }
  const Directive* requests = find(http->inside, "keepalive_requests");
  const double allowed = whole_number(requests, kRequestsDefault);
  if (requests == nullptr || allowed > kRequestsPerConnectionMax || each < kBites * allowed ||
      count_inside(http->inside, "keepalive_requests") > 0) {
    return std::nullopt;
  }
  return Wish{requests, fmt::format("keepalive_requests {:.0f};", kRequestsDefault),
              fmt::format("keepalive_requests {:.0f}", allowed)};
}

void set_verification(const ClientConnectionsLook& look, const AdvisedServer& where, Recommendation& out) {
  out.verify.target = {.title = "connections per request",
                       .expression = fmt::format("sum(rate(nginx_connections_handled{0}[{{{{.step}}}}])) / "
                                                 "sum(rate(nginx_http_requests_total{0}[{{{{.step}}}}]))",
                                                 where.labels()),
                       .unit = "ratio",
                       .worse = WorseDirection::kUp};
  // How many clients would go on with a connection is not known before.
  out.expected = {out.verify.target.expression, -0.95, -0.1};
  out.verify.minimum_effect = 0.1;
  if (where.has_log) out.verify.guards = request_guards(where);
  out.verify.guards.push_back({closed_share(where), 0.1, 0.001});
  out.verify.step_ms = look_step({look.requests, look.seconds}, look.collector_interval_ms);
  out.verify.before_ms = std::max(kTrafficWindowMs, 12 * out.verify.step_ms);
  out.verify.observe_min_ms = 6 * out.verify.step_ms;
}

}  // namespace

std::optional<Recommendation> advise_client_connections(const ClientConnectionsLook& look,
                                                        const AdvisedServer& where) {
  // Also when one is not known.
  if (!(look.seconds >= kTrafficSecondsMin && look.connections >= kClientConnectionsMin &&
        look.requests <= kRequestsPerConnectionMax * look.connections)) {
    return std::nullopt;
  }
  const std::optional<Wish> wish = wish_of(look);
  if (!wish) return std::nullopt;
  const ConfigFile& file = look.configuration.files[wish->set->file];
  Recommendation out;
  out.fingerprint = fmt::format("nginx.client_connections|{}", where.target);
  out.title = fmt::format("Let clients of {} keep their connections", where.target);
  out.why =
      "Clients must connect anew for nearly every request, over TLS with a handshake each time, because "
      "nginx "
      "closes their connections.";
  out.evidence = {{"requests a connection", format_number(look.requests / look.connections),
                   fmt::format("stub_status, {} connections within {}", format_number(look.connections),
                               format_duration_human(static_cast<DurationMs>(look.seconds) * kSecondMs))},
                  {"set", wish->found, file.path}};
  out.cost = "idle connections: of worker_connections, and some memory each";
  out.risk_reason = "idle connections take up worker_connections";
  set_verification(look, where, out);
  if (const auto edit = edit_of(file, wish->set->begin, wish->set->end, wish->text)) {
    out.action = edit_action(*edit, where);
  } else {
    out.why += fmt::format(" `{}` instead of it would let them.", wish->text);
  }
  return out;
}

std::unique_ptr<Advisor> create_client_connections_advisor(Target target) {
  return std::make_unique<ClientConnectionsAdvisor>(std::move(target));
}

}  // namespace trimtab::advise::nginx
