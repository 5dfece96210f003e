// SPDX-License-Identifier: Apache-2.0
#include "advise/linux/cpu_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "advise/recommending.h"
#include "base/format.h"

namespace trimtab::advise::host {

namespace {

// Sums such as 0.1 + 0.2 lie a hair beside the step they mean.
double step_up(double number) { return std::ceil(number / kCoresStep - 1e-6) * kCoresStep; }
double step_down(double number) { return std::floor(number / kCoresStep + 1e-6) * kCoresStep; }

std::vector<Guard> guards(const GroupLook& group, const HostLook& host, const AdvisedHost& where,
                          double added) {
  std::vector<Guard> out;
  out.push_back({.measure = {.title = "idle CPUs of the host",
                             .expression = fmt::format("sum(rate(node_cpu_seconds_total{}[{{{{.step}}}}]))",
                                                       where.labels(",mode=\"idle\"")),
                             .unit = "cores",
                             .worse = WorseDirection::kDown},
                 .harm_max = std::min(0.95, 0.1 + added / host.cpus_idle),
                 .harm_min_absolute = 0.1 * host.cpus});
  out.push_back({.measure = {.title = "time that other groups waited for CPU",
                             .expression = fmt::format(
                                 "sum(rate(container_pressure_cpu_waiting_seconds_total{}[{{{{.step}}}}]))",
                                 where.labels_of_others(group)),
                             .unit = "ratio",
                             .worse = WorseDirection::kUp},
                 .harm_max = 0.5,
                 .harm_min_absolute = 0.1});
  return out;
}

}  // namespace

std::optional<Recommendation> advise_cpu(const GroupLook& group, const HostLook& host,
                                         const AdvisedHost& where) {
  if (group.cpu_limit <= 0 || group.throttled_periods <= 0) return std::nullopt;
  const double share = group.throttled_periods / std::max(1.0, group.periods);
  if (share < kThrottledShareMin) return std::nullopt;
  if (group.seconds < kSecondsMin || group.periods < kPeriodsMin) {
    const double seconds =
        std::max(kSecondsMin - group.seconds, (kPeriodsMin - group.periods) * group.cpu_period);
    const double minutes = std::max(1.0, std::ceil(seconds / 60));
    Recommendation out = not_enough_data(fmt::format("linux|{}|{}|cpu.needs", where.target, group.path),
                                         fmt::format("No advice on cpu.max of {} yet", group.path),
                                         fmt::format("{:.0f} more minute{} of load under the present limits",
                                                     minutes, minutes > 1 ? "s" : ""));
    out.entity = entity_of(where, group);
    return out;
  }
  const Fact throttled{"throttled",
                       fmt::format("{} of {} periods, {}", format_number(group.throttled_periods),
                                   format_number(group.periods), format_with_unit(share, "ratio")),
                       source("cpu.stat", group)};
  const Fact limit{"cpu.max", fmt::format("{}; {} used", cores(group.cpu_limit), cores(group.cpu_used)),
                   source("cpu.max, cpu.stat", group)};
  if (!std::isfinite(host.cpus_idle) || !std::isfinite(group.cpu_used)) return std::nullopt;
  const Fact idle{"host", fmt::format("{} idle of {:.0f}", cores(host.cpus_idle), host.cpus),
                  "node_cpu_seconds_total"};

  const double demand = std::min(
      host.cpus, group.cpu_limit + group.throttled_seconds / (group.throttled_periods * group.cpu_period));
  const double room = std::max(0.0, host.cpus_idle - kIdleShareKept * host.cpus);
  const double wanted =
      std::min({step_up(kDemandMargin * demand), step_down(group.cpu_used + room), host.cpus});
  if (wanted < kGrowthMin * group.cpu_limit - 1e-9) {
    // Its CPUs are all there are: a limit it does not feel.
    if (demand <= group.cpu_limit) return std::nullopt;
    Recommendation out = people_advice(where, group, "cpu.no_room");
    out.title = fmt::format("{} waits for CPU and the host has none to give", group.path);
    out.why =
        "Its quota is used up, and raising it would take the CPU that others need. Let it do less, move it "
        "or "
        "others to another host, or give this host more CPUs.";
    out.evidence = {throttled, limit, idle};
    return out;
  }

  const double period_us = std::round(group.cpu_period * 1e6);
  Recommendation out =
      set_advice(where, group, "cpu.max", fmt::format("{:.0f} {:.0f}", wanted * period_us, period_us));
  out.title = fmt::format("Raise cpu.max of {} from {} to {}", group.path, format_number(group.cpu_limit),
                          cores(wanted));
  out.why =
      "Its quota is used up in many periods, and its threads then stand still until the next one, while the "
      "host has CPUs that do nothing.";
  out.evidence = {throttled,
                  {"kept from CPUs",
                   fmt::format("{}; so it wanted {} in those periods",
                               format_with_unit(group.throttled_seconds, "seconds"), cores(demand)),
                   source("cpu.stat", group)},
                  limit,
                  idle};
  out.verify.target = {
      .title = "time that its quota kept threads from CPUs",
      .expression = fmt::format("rate(container_cpu_cfs_throttled_seconds_total{}[{{{{.step}}}}])",
                                where.labels_of(group)),
      .unit = "cores",
      .worse = WorseDirection::kUp};
  // Work that never ends still waits for what it was not given; bursts are uneven: half is promised.
  const double covered = std::min(1.0, (wanted - group.cpu_limit) / (demand - group.cpu_limit));
  out.expected = {out.verify.target.expression, -1, -0.5 * covered};
  out.verify.minimum_effect = std::clamp(-0.5 * out.expected.high, 0.05, 0.25);
  out.verify.guards = guards(group, host, where, wanted - group.cpu_used);
  out.risk = wanted - group.cpu_used > 0.5 * host.cpus_idle ? Risk::kMedium : Risk::kLow;
  out.risk_reason = "it may use up to the new limit, and others of the host then have less";
  return out;
}

}  // namespace trimtab::advise::host
