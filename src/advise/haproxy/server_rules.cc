// SPDX-License-Identifier: Apache-2.0
#include "advise/haproxy/server_rules.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "advise/recommending.h"
#include "base/format.h"

namespace trimtab::advise::haproxy {

namespace {

class ServerRules {
 public:
  ServerRules(const HaproxyLook& look, const std::string& target)
      : look_(look),
        target_(target),
        period_("statistics, " + format_duration_human(static_cast<DurationMs>(look.seconds) * kSecondMs)) {}

  std::vector<Recommendation> run() {
    for (const BackendLook& backend : look_.backends) {
      unchecked(backend);
      for (const ServerLook& server : backend.servers) {
        failing(backend, server);
        slow(backend, server);
      }
      queue(backend);
      retries(backend);
    }
    for (const LimitLook& limit : look_.limits) near_limit(limit);
    return std::move(out_);
  }

 private:
  void say(const std::string& what, std::string title, std::string why, std::vector<Fact> evidence) {
    out_.push_back(for_people(fmt::format("haproxy|{}|{}", target_, what), std::move(title), std::move(why),
                              std::move(evidence)));
  }

  static double requests_of(const BackendLook& backend) {
    double sum = 0;
    for (const ServerLook& server : backend.servers) sum += server.requests;
    return sum;
  }
  static std::string share(double part, double whole) { return format_with_unit(part / whole, "ratio"); }
  static std::string seconds(double value) { return format_with_unit(value, "seconds"); }

  void unchecked(const BackendLook& backend) {
    constexpr std::size_t kNamedMax = 5;
    std::vector<std::string> names;
    for (const ServerLook& server : backend.servers) {
      if (!server.is_checked) names.push_back(server.name);
    }
    if (names.empty() || backend.servers.size() < 2 || requests_of(backend) < kHandedOutMin) return;
    const std::size_t count = names.size();
    names.resize(std::min(names.size(), kNamedMax));
    say("unchecked|" + backend.name, fmt::format("Check the servers of backend {}", backend.name),
        "A server without `check` is sent its share of the requests whether it answers or not; the others "
        "could "
        "take them. `check` in its line, best with `option httpchk` and a page that needs what the "
        "application "
        "needs.",
        {{"not checked",
          fmt::format("{} of {} servers: {}{}", count, backend.servers.size(), fmt::join(names, ", "),
                      count > kNamedMax ? ", ..." : ""),
          "statistics"},
         {"requests to the backend", format_number(requests_of(backend)), period_}});
  }

  void failing(const BackendLook& backend, const ServerLook& server) {
    double requests = 0, failures = 0;
    for (const ServerLook& other : backend.servers) {
      if (&other == &server) continue;
      requests += other.requests;
      failures += other.failures;
    }
    if (!server.is_up || server.requests < kHandedOutMin || requests < kHandedOutMin) return;
    const double rate = server.failures / server.requests;
    if (server.failures < kFailedMin || rate < kFailedShareMin || rate < kFailedFactor * failures / requests)
      return;
    say(fmt::format("failing|{}|{}", backend.name, server.name),
        fmt::format("Server {} of backend {} fails where others do not", server.name, backend.name),
        "It is in use all the same. Look at that server; a check that asks for what fails there, or `observe "
        "layer7` "
        "with `on-error mark-down`, takes it out by itself.",
        {{"failed at " + server.name,
          fmt::format("{} of {} requests, {}", format_number(server.failures), format_number(server.requests),
                      share(server.failures, server.requests)),
          "answers 5xx, failed connections; " + period_},
         {"failed at the others",
          fmt::format("{} of {}, {}", format_number(failures), format_number(requests),
                      share(failures, requests)),
          period_}});
  }

  void slow(const BackendLook& backend, const ServerLook& server) {
    double mean = 0, most = 0;
    std::size_t others = 0;
    for (const ServerLook& other : backend.servers) {
      if (!other.is_up || other.requests < kTimedMin || other.response_mean < 0) continue;
      if (&other == &server) continue;
      if (other.weight != server.weight) return;  // meant to be unequal
      mean = std::max(mean, other.response_mean);
      most = std::max(most, other.response_most);
      ++others;
    }
    if (others == 0 || !server.is_up || server.requests < kTimedMin) return;
    if (server.response_least <= most || server.response_mean < kSlowFactor * mean ||
        server.response_mean < mean + kSlowSecondsMin) {
      return;
    }
    say(fmt::format("slow|{}|{}", backend.name, server.name),
        fmt::format("Server {} of backend {} is slower than the others", server.name, backend.name),
        "It gets as many requests as its weight says, and they wait. Look at that server (its load, its "
        "memory, what "
        "it talks to); `balance leastconn` or a lower weight gives it less meanwhile.",
        {{"response time of " + server.name,
          fmt::format("{}, never below {}", seconds(server.response_mean), seconds(server.response_least)),
          "average of 1,024 requests; " + period_},
         {fmt::format("of the {} other{}", others, others > 1 ? "s" : ""),
          fmt::format("at most {} on average, never above {}", seconds(mean), seconds(most)), period_}});
  }

  void queue(const BackendLook& backend) {
    double limit = 0, busy = 0;
    for (const ServerLook& server : backend.servers) {
      if (!server.is_up) continue;
      limit += server.limit;
      busy += server.sessions_mean;
    }
    if (backend.queued_share < kQueuedShareMin || limit <= 0) return;
    say("queue|" + backend.name, fmt::format("Requests wait for a server of backend {}", backend.name),
        "Its servers have as many connections as their `maxconn` allows. Where a server has CPU time to "
        "spare, a "
        "higher `maxconn` ends the queue; where it has none, that only moves the queue into the server: then "
        "more "
        "servers, or faster answers, do.",
        {{"samples with a queue",
          fmt::format("{}, up to {} requests", format_with_unit(backend.queued_share, "ratio"),
                      format_number(backend.queue_most)),
          period_},
         {"mean wait", backend.queue_seconds < 0 ? "not known" : seconds(backend.queue_seconds),
          "average of 1,024 requests"},
         {"connections in use", fmt::format("{} of {} on average", format_number(busy), format_number(limit)),
          "servers that are up, " + period_}});
  }

  void retries(const BackendLook& backend) {
    double retries = 0;
    const ServerLook* most = nullptr;
    for (const ServerLook& server : backend.servers) {
      retries += server.retries;
      if (most == nullptr || server.retries > most->retries) most = &server;
    }
    const double requests = requests_of(backend);
    if (retries < kRetriedMin || retries < kRetriedShareMin * requests) return;
    say("retries|" + backend.name,
        fmt::format("Connections to servers of backend {} fail and are tried again", backend.name),
        "Each retry waits a second or goes to another server. A server that refuses connections is down or "
        "has a full "
        "listen queue (its backlog, its number of processes); where only one does, look at that one.",
        {{"tried again", fmt::format("{} at {} requests", format_number(retries), format_number(requests)),
          period_},
         {"most at " + most->name, share(most->retries, retries), period_}});
  }

  void near_limit(const LimitLook& limit) {
    if (limit.limit < kLimitMin || limit.most < kLimitShareMin * limit.limit) return;
    const std::string what = limit.name.empty() ? "The process" : "Frontend " + limit.name;
    say("limit|" + limit.name, fmt::format("{} is near its limit of sessions", what),
        "Beyond it new clients wait unanswered. Raise `maxconn` (of the frontend, and `global`; each "
        "connection takes "
        "some 30 kB of memory and two open files), or shorten what holds them open: `timeout client`, "
        "`timeout "
        "http-keep-alive`.",
        {{"sessions at once", fmt::format("{} of {}", format_number(limit.most), format_number(limit.limit)),
          period_}});
  }

  const HaproxyLook& look_;
  const std::string& target_;
  const std::string period_;
  std::vector<Recommendation> out_;
};

}  // namespace

std::vector<Recommendation> advise_servers(const HaproxyLook& look, const std::string& target) {
  return ServerRules(look, target).run();
}

}  // namespace trimtab::advise::haproxy
