// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "advise/nginx/configuration.h"
#include "advise/nginx/server_advisor.h"

namespace trimtab::advise::nginx {

// Requests passed on to upstreams in kTrafficWindowMs up to now.
struct UpstreamConnectionsLook {
  Traffic connected;            // requests whose time to connect is in the log
  double connect_seconds = 0;   // spent on that in all; 0 for connections that were open already
  double upstream_seconds = 0;  // until the whole answer was there, that included
  Configuration configuration;
  DurationMs collector_interval_ms = 0;
};
// Keep connections to upstreams open, when they are opened for each request and that takes kConnectSecondsMin
// on average and kConnectShareMin of the upstreams' time; an edit where one will do, else for people. Pure.
std::optional<Recommendation> advise_upstream_connections(const UpstreamConnectionsLook& look,
                                                          const AdvisedServer& where);

inline constexpr double kConnectSecondsMin = 1e-3;  // the log's resolution
inline constexpr double kConnectShareMin = 0.05;

// "nginx.upstream_connections".
std::unique_ptr<Advisor> create_upstream_connections_advisor(Target target);

}  // namespace trimtab::advise::nginx
