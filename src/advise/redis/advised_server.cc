// SPDX-License-Identifier: Apache-2.0
#include "advise/redis/advised_server.h"

#include <fmt/format.h>

#include "advise/recommending.h"
#include "advise/series.h"

namespace trimtab::advise::redis {

std::string AdvisedServer::series(const std::string& metric, const std::string& more) const {
  return fmt::format("{}{{instance={}{}}}", metric, promql_string(instance), more);
}

std::string AdvisedServer::rate(const std::string& metric, const std::string& more) const {
  return "sum(rate(" + series(metric, more) + "[{{.step}}]))";
}

Measure miss_share(const AdvisedServer& where) {
  const std::string misses = where.rate("redis_keyspace_misses_total");
  return {
      .title = "share of look-ups that miss",
      .expression = fmt::format("{} / ({} + {})", misses, where.rate("redis_keyspace_hits_total"), misses),
      .unit = "ratio",
      .worse = WorseDirection::kUp};
}

Guard command_time_guard(const AdvisedServer& where) {
  return {.measure = {.title = "mean time of a command",
                      .expression = where.rate("redis_commands_duration_seconds_total") + " / " +
                                    where.rate("redis_commands_total"),
                      .unit = "seconds",
                      .worse = WorseDirection::kUp},
          .harm_max = 0.5,
          .harm_min_absolute = 50e-6};
}

Guard resident_guard(const AdvisedServer& where, double resident_bytes, double added_bytes) {
  return {.measure = {.title = "resident memory of the server",
                      .expression = where.series("redis_memory_used_rss_bytes"),
                      .unit = "bytes",
                      .worse = WorseDirection::kUp},
          .harm_max = 0.1 + (resident_bytes > 0 ? 1.5 * added_bytes / resident_bytes : 0)};
}

Recommendation set_advice(const AdvisedServer& where, const std::string& setting, const std::string& value) {
  Recommendation out;
  out.fingerprint = fmt::format("redis.set|{}|{}", where.target, setting);
  out.title = fmt::format("Set {} to {}", setting, value);
  out.action = {.type = "redis.set",
                .target = where.target,
                .parameters = {{"setting", setting}, {"value", value}},
                .apply = fmt::format("CONFIG SET {} {}", setting, value),
                .undo = fmt::format("CONFIG SET {} to the value it had", setting)};
  out.cost = "the configuration file is not rewritten: once kept, write it there too (CONFIG REWRITE)";
  return out;
}

Recommendation people_advice(const AdvisedServer& where, const std::string& what) {
  Recommendation out;
  out.fingerprint = fmt::format("redis|{}|{}", where.target, what);
  return out;
}

Recommendation not_enough(const AdvisedServer& where, const std::string& what, std::string title,
                          std::string needs) {
  return not_enough_data(fmt::format("redis|{}|{}.needs", where.target, what), std::move(title),
                         std::move(needs));
}

}  // namespace trimtab::advise::redis
