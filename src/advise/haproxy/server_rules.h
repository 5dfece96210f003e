// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "advise/haproxy/haproxy_look.h"
#include "ledger/recommendation.h"

namespace trimtab::advise::haproxy {

// What HAProxy's own statistics show of its servers, queues and limits, all of it for people.
// docs/advice-haproxy.md has the reasoning. Pure; `target`: "haproxy/edge".
// - unchecked: a server without `check` beside others, kHandedOutMin requests to its backend.
// - failing: a server that fails kFailedMin times and kFailedShareMin of its requests, while all others
//   together fail a fifth as often or less.
// - slow: a server whose lowest average response time was above the highest of every other of its backend,
//   kSlowFactor times theirs and kSlowSecondsMin more; each with kTimedMin requests and the same weight.
// - queue: requests wait for a server in kQueuedShareMin of the samples.
// - limit: kLimitShareMin of the sessions that are allowed.
// - retries: kRetriedMin connections, and kRetriedShareMin of the requests, that were tried again.
std::vector<Recommendation> advise_servers(const HaproxyLook& look, const std::string& target);

inline constexpr double kHandedOutMin = 200;
inline constexpr double kFailedMin = 20;
inline constexpr double kFailedShareMin = 0.05;
inline constexpr double kFailedFactor = 5;
inline constexpr double kTimedMin = 1024;  // what HAProxy's averages are made of
inline constexpr double kSlowFactor = 2;
inline constexpr double kSlowSecondsMin = 0.005;
inline constexpr double kQueuedShareMin = 0.1;
inline constexpr double kLimitShareMin = 0.9;
inline constexpr double kLimitMin = 10;  // sessions; fewer come and go
inline constexpr double kRetriedMin = 20;
inline constexpr double kRetriedShareMin = 0.01;

}  // namespace trimtab::advise::haproxy
