// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "advise/advisor.h"

namespace trimtab::advise::haproxy {

// What a HAProxy's series say of kHaproxyWindowMs up to now. Counts are what was added within; -1: not told.
struct ServerLook {
  std::string name = {};
  bool is_up = false;  // at this moment; one that is not checked is
  bool is_checked = true;
  double weight = -1;
  double requests = 0;  // given to it
  double failures = 0;  // answers 5xx, or connections and answers that failed, whichever is more
  double retries = 0;   // connections that were tried again
  double limit = 0;     // `maxconn`; 0: none
  double sessions_mean = 0;
  // HAProxy's average response time of the last 1,024 requests: over the window, its lowest and highest.
  double response_mean = -1;  // seconds
  double response_least = -1;
  double response_most = -1;
};
struct BackendLook {
  std::string name = {};
  std::vector<ServerLook> servers = {};  // by name
  double queued_share = 0;               // of the samples in which requests waited for a server
  double queue_most = 0;                 // requests that waited at one moment
  double queue_seconds = -1;             // mean wait, of the last 1,024 requests
};
// Of a frontend, or of the process ("").
struct LimitLook {
  std::string name = {};
  double most = 0;  // sessions at one moment
  double limit = 0;
};
struct HaproxyLook {
  double seconds = 0;                      // how long there have been samples
  std::vector<BackendLook> backends = {};  // by name
  std::vector<LimitLook> limits = {};      // the process first
};
// Errors: the querier's.
Result<HaproxyLook> read_look(const Context& context, const std::string& instance);

inline constexpr DurationMs kHaproxyWindowMs = kHourMs;

}  // namespace trimtab::advise::haproxy
