// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "advise/nginx/configuration.h"
#include "advise/nginx/server_advisor.h"

namespace trimtab::advise::nginx {

// What one server of an upstream block was asked, from a part of the access log.
struct UpstreamServer {
  double tries = 0;
  double failures = 0;  // answered 500 and above, by itself or by nginx for it
  double timed = 0;     // the others whose time is known
  double seconds = 0;   // their sum
  double seconds_squared = 0;
};
using UpstreamServers = std::map<std::string, UpstreamServer, std::less<>>;  // by $upstream_addr
// Pure.
UpstreamServers upstream_servers_of(std::string_view lines);

struct UpstreamServersLook {
  UpstreamServers earlier, later;  // the two halves of the log's end
  Configuration configuration;
};
// Servers that fail, or are slower, where others of the same upstream block are not. For people. Pure.
// - failing: kServerTriesMin or more, kFailedShareMin of them failed, kFailedFactor times the share of all
//   others together; or all of kDownTriesMin or more.
// - slow: in both halves, kServerTriesMin / 2 timed answers of each server, and its mean is kSlowFactor times
//   that of every other, kSlowSecondsMin and kSlowErrors standard errors above it. Not where weights or a
//   hash are meant to make them unequal.
std::vector<Recommendation> advise_upstream_servers(const UpstreamServersLook& look,
                                                    const AdvisedServer& where);

inline constexpr double kServerTriesMin = 200;
inline constexpr double kDownTriesMin = 10;
inline constexpr double kFailedShareMin = 0.05;
inline constexpr double kFailedFactor = 5;
inline constexpr double kSlowFactor = 2;
inline constexpr double kSlowSecondsMin = 0.005;
inline constexpr double kSlowErrors = 4;

// "nginx.upstream_servers".
std::unique_ptr<Advisor> create_upstream_servers_advisor(Target target);

}  // namespace trimtab::advise::nginx
