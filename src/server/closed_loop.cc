// SPDX-License-Identifier: Apache-2.0
#include "server/closed_loop.h"

#include <fmt/format.h>

#include <algorithm>

#include "act/door/door_executor.h"
#include "act/haproxy/haproxy_executor.h"
#include "act/linux/cgroup_executor.h"
#include "act/nginx/nginx_executor.h"
#include "act/postgresql/postgresql_executors.h"
#include "act/redis/redis_executor.h"
#include "advise/haproxy/advisors.h"
#include "advise/linux/advisors.h"
#include "advise/memcached/advisors.h"
#include "advise/nginx/advisors.h"
#include "advise/pgbouncer/advisors.h"
#include "advise/postgresql/advisors.h"
#include "advise/redis/advisors.h"

namespace trimtab {

namespace {

// The target of an action, when it may be changed.
Result<Target> changeable(const std::vector<Target>& targets, const std::string& name) {
  const auto found =
      std::ranges::find_if(targets, [&](const Target& target) { return target.name() == name; });
  if (found == targets.end()) {
    return fail(ErrorCode::kNotFound,
                fmt::format("{} is not among the collectors of the configuration", name));
  }
  if (!found->act)
    return fail(ErrorCode::kDenied, fmt::format("{}: changes are not allowed (act: true)", name));
  return *found;
}

std::vector<std::unique_ptr<advise::Advisor>> advisors_of(const Target& target, const OwnHost& host,
                                                          Metrics& metrics) {
  switch (target.kind) {
    case TargetKind::kPostgresql:
      return advise::postgresql::create_advisors(target, metrics, host.collected ? host.instance : "");
    case TargetKind::kNginx: return advise::nginx::create_advisors(target);
    case TargetKind::kRedis: return advise::redis::create_advisors(target);
    case TargetKind::kMemcached: return advise::memcached::create_advisors(target);
    case TargetKind::kHaproxy: return advise::haproxy::create_advisors(target);
    case TargetKind::kPgbouncer: return advise::pgbouncer::create_advisors(target);
  }
  return {};
}

}  // namespace

std::vector<AdvisorAtWork> make_advisors(const std::vector<Target>& targets, const OwnHost& host,
                                         Metrics& metrics) {
  std::vector<AdvisorAtWork> out;
  for (const Target& target : targets) {
    for (auto& advisor : advisors_of(target, host, metrics))
      out.push_back({target.name(), std::move(advisor)});
  }
  if (host.collected) {
    const std::string target(kOwnHostTarget);
    for (auto& advisor : advise::host::create_advisors(target, host.instance, host.interval_ms)) {
      out.push_back({target, std::move(advisor)});
    }
  }
  return out;
}

void add_executors(act::Executors& executors, std::vector<Target> all, const OwnHost& host) {
  const auto targets = std::make_shared<const std::vector<Target>>(std::move(all));
  act::add_postgresql_executors(
      executors, [targets](const std::string& name) -> Result<postgresql::ConnectionOptions> {
        const Target target = TRY(changeable(*targets, name));
        return postgresql::ConnectionOptions{
            .dsn = target.act_dsn, .name = name, .application = "trimtab act", .read_only = false};
      });
  executors.add("redis.set", act::create_redis_setter(
                                 [targets](const std::string& name) { return changeable(*targets, name); }));
  executors.add(
      "nginx.edit", act::create_nginx_editor([targets](const std::string& name) -> Result<act::NginxPlace> {
        const Target target = TRY(changeable(*targets, name));
        return act::NginxPlace{target.config, target.binary.empty() ? "/usr/sbin/nginx" : target.binary,
                               target.pid_file.empty() ? "/run/nginx.pid" : target.pid_file};
      }));
  executors.add("haproxy.edit",
                act::create_haproxy_editor([targets](const std::string& name) -> Result<act::HaproxyPlace> {
                  const Target target = TRY(changeable(*targets, name));
                  return act::HaproxyPlace{target.config,
                                           target.binary.empty() ? "/usr/sbin/haproxy" : target.binary,
                                           target.pid_file.empty() ? "/run/haproxy.pid" : target.pid_file};
                }));
  executors.add("linux.cgroup",
                act::create_cgroup_writer([act = host.act](const std::string& name) -> Result<std::string> {
                  if (name != kOwnHostTarget) {
                    return fail(ErrorCode::kNotFound,
                                fmt::format("{}: control groups are those of {}", name, kOwnHostTarget));
                  }
                  if (!act) {
                    return fail(ErrorCode::kDenied,
                                fmt::format("{}: changes are not allowed (host: {{act: true}})", name));
                  }
                  return std::string(kControlGroupRoot);
                }));
}

ClosedLoop::ClosedLoop(Parts parts)
    : advice_(make_advisors(parts.targets, parts.host, parts.metrics), parts.querier, parts.ledger,
              parts.knowledge, parts.clock, parts.metrics, parts.logger, parts.advice_interval_ms),
      changes_({.ledger = parts.ledger,
                .querier = parts.querier,
                .executors = executors_,
                .policy = std::move(parts.policy),
                .clock = parts.clock,
                .metrics = parts.metrics,
                .logger = parts.logger,
                .node = std::move(parts.node)}),
      loop_(changes_, parts.logger) {
  add_executors(executors_, parts.targets, parts.host);
  for (act::Door& door : parts.doors) {
    const std::string type = door.action_type();
    executors_.add(type, act::create_door_executor(std::move(door), parts.doors_folder));
  }
}

void ClosedLoop::start() {
  advice_.start();
  loop_.start();
}

void ClosedLoop::stop() {
  advice_.stop();
  loop_.stop();
}

}  // namespace trimtab
