// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "advise/nginx/configuration.h"
#include "advise/nginx/server_advisor.h"

namespace trimtab::advise::nginx {

// What stub_status counted in kTrafficWindowMs up to now.
struct ClientConnectionsLook {
  double seconds = 0;  // how long that was counted
  double connections = 0;
  double requests = 0;
  Configuration configuration;
  DurationMs collector_interval_ms = 0;
};
// Let clients keep their connections, when the http block forbids it (keepalive_timeout 0) or allows only a
// few requests (keepalive_requests) and nearly every connection comes to that: kClientConnectionsMin of them,
// and one for at most kRequestsPerConnectionMax requests. How long an idle one is kept is bounded by what
// worker_connections have room for. Nothing where a server or location sets it for itself. Pure.
std::optional<Recommendation> advise_client_connections(const ClientConnectionsLook& look,
                                                        const AdvisedServer& where);

inline constexpr double kClientConnectionsMin = 500;
inline constexpr double kRequestsPerConnectionMax = 20;

// "nginx.client_connections".
std::unique_ptr<Advisor> create_client_connections_advisor(Target target);

}  // namespace trimtab::advise::nginx
