// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "server/router.h"

namespace trimtab {

// What the handlers work with. All of it outlives the HTTP server and is thread-safe.
struct Services {
  const Clock& clock;
  Logger& logger;
  Metrics& metrics;
};

// Each adds the routes of one theme; src/server/api/ has a file for each.
void add_health_routes(http::Router& router, Services& services);

}  // namespace trimtab
