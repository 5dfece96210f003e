// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "advise/nginx/configuration.h"
#include "advise/nginx/server_advisor.h"

namespace trimtab::advise::nginx {

// Connections in kTrafficWindowMs up to now; NaN: not known.
struct ConnectionsLook {
  double seconds = 0;  // how long they have been counted
  double accepted = 0;
  double handled = 0;         // the others were closed at once: no worker_connections left (stub_status)
  double active_max = 0;      // at one moment, of all workers
  double open_files_max = 0;  // of a worker; 0: not known
  Configuration configuration;
  DurationMs collector_interval_ms = 0;
};
// worker_connections, when within kTrafficSecondsMin or more at least kDroppedMin connections and
// kDroppedShareMin of all were closed unserved: to the next power of two above twice what it is, as far as
// open files of a worker allow; else for people, to raise those first. Pure.
std::optional<Recommendation> advise_connections(const ConnectionsLook& look, const AdvisedServer& where);

// The share of connections that are closed unserved.
Measure closed_share(const AdvisedServer& where);
// What a directive of one word sets, when that is a number above 0; else `otherwise`, also for null.
double whole_number(const Directive* directive, double otherwise);

// The soft limit of open files of a process, from the text of /proc/<pid>/limits; 0: not known.
double open_files_limit(std::string_view limits);

inline constexpr double kDroppedMin = 20;
inline constexpr double kDroppedShareMin = 0.001;
inline constexpr double kConnectionsDefault = 512;  // ngx_core_module

// "nginx.connections".
std::unique_ptr<Advisor> create_connections_advisor(Target target);

}  // namespace trimtab::advise::nginx
