// SPDX-License-Identifier: Apache-2.0
#include "advise/linux/memory_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "advise/recommending.h"
#include "base/format.h"

namespace trimtab::advise::host {

namespace {

constexpr double kMebibyte = 1 << 20;

std::vector<Guard> guards(const GroupLook& group, const HostLook& host, const AdvisedHost& where,
                          double added) {
  std::vector<Guard> out;
  out.push_back({.measure = {.title = "memory available on the host",
                             .expression = "node_memory_MemAvailable_bytes" + where.labels(),
                             .unit = "bytes",
                             .worse = WorseDirection::kDown},
                 .harm_max = std::min(0.95, 0.1 + added / host.memory_available)});
  out.push_back(
      {.measure = {.title = "time that other groups waited for memory",
                   .expression = fmt::format(
                       "sum(rate(container_pressure_memory_waiting_seconds_total{}[{{{{.step}}}}]))",
                       where.labels_of_others(group)),
                   .unit = "ratio",
                   .worse = WorseDirection::kUp},
       .harm_max = 0.5,
       .harm_min_absolute = 0.05});
  return out;
}

Fact fact_kills(const GroupLook& group) {
  return {"processes killed", format_number(group.oom_kills), source("memory.events, oom_kill", group)};
}

Recommendation killed(const GroupLook& group, const AdvisedHost& where) {
  Recommendation out = people_advice(where, group, "memory.killed");
  out.title = fmt::format("Processes of {} were killed for want of memory", group.path);
  out.why =
      "They reached memory.max faster than memory could be reclaimed. A leak or a request without bounds "
      "needs "
      "mending; a working set that has grown needs a higher memory.max, or a memory.high below it that slows "
      "the group before it is killed.";
  out.evidence = {fact_kills(group), {"memory.max", format_bytes(group.memory_max), "memory.max"}};
  return out;
}

}  // namespace

std::vector<Recommendation> advise_small_memory(const GroupLook& group, const HostLook& host,
                                                const AdvisedHost& where) {
  // The lower one is what it feels.
  const bool by_high =
      group.memory_high > 0 && (group.memory_max <= 0 || group.memory_high <= group.memory_max);
  const std::string property = by_high ? "memory.high" : "memory.max";
  const double limit = by_high ? group.memory_high : group.memory_max;
  if (limit <= 0) return {};
  const bool waits = group.memory_usage >= kLimitShareMin * limit && group.memory_waiting >= kWaitingMin;
  if (!waits) {
    if (group.oom_kills > 0 && group.memory_max > 0) return {killed(group, where)};
    return {};
  }
  if (group.seconds < kSecondsMin) {
    Recommendation out = not_enough_data(fmt::format("linux|{}|{}|memory.needs", where.target, group.path),
                                         fmt::format("No advice on {} of {} yet", property, group.path),
                                         "1 more minute of load under the present limits");
    out.entity = entity_of(where, group);
    return {std::move(out)};
  }
  if (!std::isfinite(host.memory_available)) return {};

  std::vector<Fact> evidence = {
      {"waited for memory", fmt::format("{} of the time", format_with_unit(group.memory_waiting, "ratio")),
       source("memory.pressure, some", group)},
      {property, fmt::format("{}, of which {} in use", format_bytes(limit), format_bytes(group.memory_usage)),
       "memory.current"},
      {"host", format_bytes(host.memory_available) + " available at least", "MemAvailable"}};
  if (group.oom_kills > 0) evidence.push_back(fact_kills(group));
  double top = std::min(kMemoryGrowth * limit, limit + kAvailableShareMax * host.memory_available);
  if (by_high && group.memory_max > 0) top = std::min(top, group.memory_max);
  const double wanted = std::floor(top / kMebibyte) * kMebibyte;
  if (wanted < kMemoryGrowthMin * limit) {
    Recommendation out = people_advice(where, group, "memory.no_room");
    out.title = fmt::format("{} waits for memory and there is none to give", group.path);
    out.why =
        by_high && group.memory_max > 0 && group.memory_max < kMemoryGrowthMin * limit
            ? "memory.high lies close to memory.max: above it the group is killed instead of slowed. Raise "
              "both, or let it use less."
            : "The host has too little memory available. Let the group use less, move it or others to "
              "another host, or give this host more memory.";
    out.evidence = std::move(evidence);
    return {std::move(out)};
  }

  const double added = wanted - limit;
  Recommendation out = set_advice(where, group, property, fmt::format("{:.0f}", wanted));
  out.title = fmt::format("Raise {} of {} from {} to {}", property, group.path, format_bytes(limit),
                          format_bytes(wanted));
  out.why =
      "It is at its limit and its threads wait while memory is reclaimed or read again. How much it lacks "
      "does "
      "not show before it has more: if half as much again is too little, advice comes again.";
  out.evidence = std::move(evidence);
  out.cost = fmt::format("up to {} of memory; {}", format_bytes(added), out.cost);
  out.verify.target = {
      .title = "time that it waited for memory",
      .expression = fmt::format("rate(container_pressure_memory_waiting_seconds_total{}[{{{{.step}}}}])",
                                where.labels_of(group)),
      .unit = "ratio",
      .worse = WorseDirection::kUp};
  out.expected = {out.verify.target.expression, -1, 0};
  out.verify.minimum_effect = 0.2;
  out.verify.guards = guards(group, host, where, added);
  out.risk = Risk::kMedium;
  out.risk_reason = "a leak takes whatever it is given, and the host's other groups then have less";
  return {std::move(out)};
}

std::vector<Recommendation> advise_large_memory(std::span<const GroupLook> groups, const AdvisedHost& where) {
  std::vector<Recommendation> out;
  double known_longest = 0;
  int waiting = 0;
  for (const GroupLook& group : groups) {
    const double peak = group.working_set_peak;
    const bool oversized = group.memory_max > 0 && peak > 0 && group.memory_max >= kOversizedFactor * peak &&
                           group.memory_max - peak >= kOversizedBytesMin;
    if (!oversized) continue;
    if (group.peak_seconds < kPeakHoursMin * 3600) {
      ++waiting;
      known_longest = std::max(known_longest, group.peak_seconds);
      continue;
    }
    const double wanted = std::ceil(kOversizedKept * peak / kMebibyte) * kMebibyte;
    Recommendation one = people_advice(where, group, "memory.large");
    one.title = fmt::format("Lower memory.max of {} from {} to {}", group.path,
                            format_bytes(group.memory_max), format_bytes(wanted));
    one.why =
        "It never needed a quarter of what is kept free for it. A leak would be noticed sooner, and what "
        "plans "
        "by limits can put more on this host. Work that comes once a month or at a restart is not in these "
        "days: a person must say whether there is any.";
    one.evidence = {{"highest working set", format_bytes(peak),
                     "container_memory_working_set_bytes, " +
                         format_duration_human(static_cast<DurationMs>(group.peak_seconds) * kSecondMs)},
                    {"memory.max", format_bytes(group.memory_max), "memory.max"}};
    out.push_back(std::move(one));
  }
  if (waiting > 0) {
    const double hours = std::max(1.0, std::ceil(kPeakHoursMin - known_longest / 3600));
    out.push_back(not_enough_data(fmt::format("linux|{}|memory.large.needs", where.target),
                                  fmt::format("No advice yet on memory limits that look large: {} group{}",
                                              waiting, waiting > 1 ? "s" : ""),
                                  fmt::format("{:.0f} more hour{}", hours, hours > 1 ? "s" : "")));
    out.back().entity = {"host", where.instance};
  }
  return out;
}

}  // namespace trimtab::advise::host
