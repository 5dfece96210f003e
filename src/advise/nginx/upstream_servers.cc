// SPDX-License-Identifier: Apache-2.0
#include "advise/nginx/upstream_servers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "advise/nginx/served.h"
#include "advise/recommending.h"
#include "base/format.h"
#include "targets/nginx/access_line.h"

namespace trimtab::advise::nginx {

namespace {

constexpr int kFailedStatusMin = 500;

// A "server" line of an upstream block.
struct Member {
  std::string address;  // as $upstream_addr tells it
  bool is_weighted = false;
  bool never_fails = false;  // max_fails=0
};
struct Group {
  std::string name;
  std::vector<Member> members;
  bool is_hashed = false;
};

// Names of hosts are told as addresses in the log: such servers are not found there.
std::string as_logged(const std::string& address) {
  if (address.starts_with("unix:")) return address;
  const std::size_t colon = address.rfind(':');
  const bool has_port = colon != std::string::npos && address.find(']', colon) == std::string::npos;
  return has_port ? address : address + ":80";
}

std::vector<Group> groups_of(const Configuration& configuration) {
  std::vector<Group> out;
  const Directive* http = find(configuration.directives, "http");
  if (http == nullptr) return out;
  for (const Directive& block : http->inside) {
    if (!block.is_block || block.name() != "upstream" || block.words.size() != 2) continue;
    Group group{.name = block.words[1], .members = {}};
    for (const Directive& one : block.inside) {
      if (one.name() == "hash" || one.name() == "ip_hash" || one.name() == "sticky") group.is_hashed = true;
      if (one.name() != "server" || one.words.size() < 2) continue;
      Member member{.address = as_logged(one.words[1])};
      for (const std::string& word : one.words) {
        member.is_weighted = member.is_weighted || word.starts_with("weight=");
        member.never_fails = member.never_fails || word == "max_fails=0";
      }
      group.members.push_back(std::move(member));
    }
    if (group.members.size() > 1) out.push_back(std::move(group));
  }
  return out;
}

const UpstreamServer& at(const UpstreamServers& servers, const std::string& address) {
  static const UpstreamServer kNone;
  const auto found = servers.find(address);
  return found == servers.end() ? kNone : found->second;
}

double mean(const UpstreamServer& server) { return server.seconds / server.timed; }

// Of the mean, squared.
double error_squared(const UpstreamServer& server) {
  const double variance = server.seconds_squared / server.timed - mean(server) * mean(server);
  return std::max(0.0, variance) / (server.timed - 1);
}

// Is `one` slower than `other`, beyond chance?
bool is_slower(const UpstreamServer& one, const UpstreamServer& other) {
  if (std::min(one.timed, other.timed) < kServerTriesMin / 2) return false;
  const double more = mean(one) - mean(other);
  return mean(one) >= kSlowFactor * mean(other) && more >= kSlowSecondsMin &&
         more >= kSlowErrors * std::sqrt(error_squared(one) + error_squared(other));
}

class ServerRules {
 public:
  ServerRules(const UpstreamServersLook& look, const AdvisedServer& where) : look_(look), where_(where) {
    for (const auto* half : {&look.earlier, &look.later}) {
      for (const auto& [address, server] : *half) {
        UpstreamServer& all = both_[address];
        all.tries += server.tries;
        all.failures += server.failures;
        all.timed += server.timed;
        all.seconds += server.seconds;
        tries_ += server.tries;
      }
    }
  }

  std::vector<Recommendation> run() {
    for (const Group& group : groups_of(look_.configuration)) {
      for (const Member& member : group.members) {
        failing(group, member);
        slow(group, member);
      }
    }
    return std::move(out_);
  }

 private:
  void say(const char* what, const Group& group, const Member& member, std::string title, std::string why,
           std::vector<Fact> evidence) {
    out_.push_back(for_people(
        fmt::format("nginx.upstream_server|{}|{}|{}|{}", where_.target, group.name, member.address, what),
        std::move(title), std::move(why), std::move(evidence)));
  }
  std::string source() const {
    return fmt::format("access log, the last {} requests passed on", format_number(tries_));
  }

  void failing(const Group& group, const Member& member) {
    const UpstreamServer& own = at(both_, member.address);
    UpstreamServer others;
    for (const Member& other : group.members) {
      if (&other == &member) continue;
      others.tries += at(both_, other.address).tries;
      others.failures += at(both_, other.address).failures;
    }
    if (others.tries < kServerTriesMin) return;
    const bool is_down = own.tries >= kDownTriesMin && own.failures >= own.tries;
    const bool fails = own.tries >= kServerTriesMin && own.failures >= kFailedShareMin * own.tries;
    if ((!is_down && !fails) || own.failures / own.tries < kFailedFactor * others.failures / others.tries) {
      return;
    }
    std::string why =
        "Clients wait for it, or get its errors, while others could serve them. Look at that server. ";
    why += member.never_fails
               ? "`max_fails=0` keeps nginx from passing it over for a while when it fails; without it, it "
                 "does. "
               : "nginx passes over it for `fail_timeout` after `max_fails` failures, but counts only failed "
                 "connections and "
                 "time-outs as such unless `proxy_next_upstream` names more (`http_502 http_503`). ";
    why += "A server that is gone for good belongs out of the block, or `down`.";
    say("failing", group, member,
        fmt::format("Server {} of upstream {} fails where others do not", member.address, group.name),
        std::move(why),
        {{"failed at " + member.address, share_of(own), source()},
         {"failed at the others", share_of(others), source()}});
  }

  static std::string share_of(const UpstreamServer& server) {
    return fmt::format("{} of {}, {}", format_number(server.failures), format_number(server.tries),
                       format_with_unit(server.failures / server.tries, "ratio"));
  }

  void slow(const Group& group, const Member& member) {
    if (group.is_hashed || std::ranges::any_of(group.members, &Member::is_weighted)) return;
    double highest = 0;
    std::size_t others = 0;
    for (const Member& other : group.members) {
      if (&other == &member || at(both_, other.address).tries == 0) continue;
      for (const auto* half : {&look_.earlier, &look_.later}) {
        if (!is_slower(at(*half, member.address), at(*half, other.address))) return;
      }
      highest = std::max(highest, mean(at(both_, other.address)));
      ++others;
    }
    if (others == 0) return;
    const UpstreamServer& own = at(both_, member.address);
    say("slow", group, member,
        fmt::format("Server {} of upstream {} is slower than the others", member.address, group.name),
        "It is given as many requests as they are, and they wait. Look at that server (its load, its memory, "
        "what it talks "
        "to); `least_conn` or a lower weight gives it less meanwhile.",
        {{"mean time of " + member.address,
          fmt::format("{} over {} answers", format_with_unit(mean(own), "seconds"), format_number(own.timed)),
          source()},
         {fmt::format("of the {} other{}", others, others > 1 ? "s" : ""),
          "at most " + format_with_unit(highest, "seconds"), source()}});
  }

  const UpstreamServersLook& look_;
  const AdvisedServer& where_;
  UpstreamServers both_;
  double tries_ = 0;
  std::vector<Recommendation> out_;
};

class UpstreamServersAdvisor final : public ServerAdvisor {
 public:
  explicit UpstreamServersAdvisor(Target target)
      : ServerAdvisor(std::move(target), "nginx.upstream_servers") {}

 protected:
  Result<std::vector<Recommendation>> look(const AdvisedServer& where, const Context& context) override {
    std::vector<Recommendation> out;
    if (target().log.empty() || target().config.empty()) return out;
    UpstreamServersLook look;
    look.configuration = TRY(read_configuration(target().config));
    if (groups_of(look.configuration).empty()) return out;
    // What is in the log may be old when there is little traffic.
    if (!lacks(TRY(read_traffic(context, where))).empty()) return out;
    const std::string text = TRY(read_log_end(target().log));
    const std::size_t middle = std::min(text.find('\n', text.size() / 2), text.size());
    look.earlier = upstream_servers_of(std::string_view(text).substr(0, middle));
    look.later = upstream_servers_of(std::string_view(text).substr(middle));
    if (look.earlier.empty() && look.later.empty()) {
      out.push_back(
          not_enough("No advice on the upstream servers of " + where.target,
                     "their addresses in the access log: ua=\"$upstream_addr\" us=\"$upstream_status\""));
      return out;
    }
    return advise_upstream_servers(look, where);
  }
};

}  // namespace

UpstreamServers upstream_servers_of(std::string_view lines) {
  UpstreamServers out;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    const auto line = parse_access_line(lines.substr(0, end));
    lines.remove_prefix(std::min(end + 1, lines.size()));
    if (!line) continue;
    for (const UpstreamTry& one : upstream_tries(*line)) {
      auto found = out.find(one.address);
      if (found == out.end()) found = out.emplace(one.address, UpstreamServer{}).first;
      UpstreamServer& server = found->second;
      server.tries += 1;
      if (one.status >= kFailedStatusMin) {
        server.failures += 1;
      } else if (one.seconds >= 0) {
        server.timed += 1;
        server.seconds += one.seconds;
        server.seconds_squared += one.seconds * one.seconds;
      }
    }
  }
  return out;
}

std::vector<Recommendation> advise_upstream_servers(const UpstreamServersLook& look,
                                                    const AdvisedServer& where) {
  return ServerRules(look, where).run();
}

std::unique_ptr<Advisor> create_upstream_servers_advisor(Target target) {
  return std::make_unique<UpstreamServersAdvisor>(std::move(target));
}

}  // namespace trimtab::advise::nginx
