// SPDX-License-Identifier: Apache-2.0
#include "estate/estate.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <set>

#include "estate/estate_file.h"
#include "estate/glob.h"

namespace trimtab {

namespace {

// "a|b": the first of the labels that is there, else "".
std::string_view first_of(const Labels& series, std::string_view alternatives) {
  while (!alternatives.empty()) {
    const std::size_t bar = alternatives.find('|');
    const std::string_view value = series.get(alternatives.substr(0, bar));
    if (!value.empty()) return value;
    if (bar == std::string_view::npos) break;
    alternatives.remove_prefix(bar + 1);
  }
  return {};
}

// The name that the signal's own entity labels give; empty when one of them is missing.
std::string declared_name(const Labels& series, const Signal& signal) {
  std::string name;
  for (const std::string& label : signal.entity_labels) {
    const std::string_view value = first_of(series, label);
    if (value.empty()) return {};
    if (!name.empty()) name += '/';
    name += value;
  }
  return name;
}

bool about_a_machine(const Signal& signal, std::string_view metric) {
  return signal.entity_kind == "host" || signal.domain == "infrastructure" || metric.starts_with("node_");
}

constexpr std::string_view kServiceLabels =
    "service_name|service|app_kubernetes_io_name|app|microservice|application|component";
constexpr std::string_view kHostLabels = "instance|host_name|host|hostname|nodename|node";

}  // namespace

bool MaintenanceWindow::covers(const EntityRef& entity, TimestampMs at) const {
  if (!glob_match_any(entities, entity.to_string())) return false;
  if (!weekday) return at >= from_ms && at < to_ms;
  // 1970-01-01 was a Thursday: shift so that a week begins on Monday, 00:00 UTC.
  const TimestampMs since_monday = ((at + 3 * kDayMs) % kWeekMs + kWeekMs) % kWeekMs;
  const DurationMs start = *weekday * kDayMs + minute_of_day * kMinuteMs;
  const DurationMs into =
      (since_monday - start + kWeekMs) % kWeekMs;  // a window may reach into the next week
  return into < duration_ms;
}

Result<Estate> Estate::load(const std::string& path) {
  const Yaml yaml = TRY(Yaml::parse_file(path));
  EstateParts parts = TRY(read_estate_file(yaml));
  return from_parts(std::move(parts));
}

Result<Estate> Estate::load_text(std::string_view text, std::string_view file_name) {
  const Yaml yaml = TRY(Yaml::parse(text, file_name));
  EstateParts parts = TRY(read_estate_file(yaml));
  return from_parts(std::move(parts));
}

Estate Estate::from_parts(EstateParts parts) {
  Estate estate;
  estate.rules_ = std::move(parts.entities);
  // Weakest first, so that info() lets later rules overwrite earlier ones.
  std::stable_sort(estate.rules_.begin(), estate.rules_.end(), [](const EntityRule& a, const EntityRule& b) {
    const auto strength = [](const EntityRule& rule) {
      return std::pair(!is_glob(rule.pattern), glob_prefix(rule.pattern).size());
    };
    return strength(a) < strength(b);
  });
  estate.edges_ = std::move(parts.edges);
  estate.windows_ = std::move(parts.windows);
  estate.objectives_ = std::move(parts.objectives);
  estate.calendar_ = std::move(parts.calendar);
  estate.drivers_ = std::move(parts.drivers);
  for (std::size_t i = 0; i < estate.edges_.size(); ++i) {
    if (estate.edges_[i].kind == EdgeKind::kOwnedBy) continue;
    estate.from_[estate.edges_[i].from].push_back(static_cast<std::uint32_t>(i));
  }
  return estate;
}

EntityRef Estate::entity_of(const Labels& series, const Signal& signal) const {
  if (!signal.entity_kind.empty()) {
    std::string name = declared_name(series, signal);
    if (!name.empty()) return {signal.entity_kind, std::move(name)};
  }
  const auto make = [](std::string kind, std::string_view name) {
    return EntityRef{std::move(kind), std::string(name)};
  };
  const std::string_view host = first_of(series, kHostLabels);
  if (about_a_machine(signal, series.metric_name()) && !host.empty()) return make("host", host);
  if (const std::string_view service = first_of(series, kServiceLabels); !service.empty())
    return make("service", service);
  if (const std::string_view workload = first_of(series, "deployment|statefulset|daemonset|workload");
      !workload.empty()) {
    return make("service", workload);
  }
  if (const std::string_view pod = first_of(series, "pod|pod_name"); !pod.empty()) return make("pod", pod);
  if (const std::string_view job = series.get("job"); !job.empty()) return make("service", job);
  if (const std::string_view database = first_of(series, "datname|database|db"); !database.empty()) {
    return make("database", database);
  }
  if (const std::string_view queue = first_of(series, "topic|queue"); !queue.empty())
    return make("queue", queue);
  if (!host.empty()) return make("host", host);
  if (const std::string_view device = first_of(series, "device|machine|cluster"); !device.empty()) {
    return make("device", device);
  }
  const std::string_view metric = series.metric_name();
  return make("metric", metric.empty() ? "unnamed" : metric);
}

EntityInfo Estate::info(const EntityRef& entity) const {
  EntityInfo info;
  const std::string name = entity.to_string();
  for (const EntityRule& rule : rules_) {
    if (!glob_match(rule.pattern, name)) continue;
    if (!rule.info.owner.empty()) info.owner = rule.info.owner;
    if (rule.info.tier != 0) info.tier = rule.info.tier;
    if (!rule.info.domain.empty()) info.domain = rule.info.domain;
    if (!rule.info.description.empty()) info.description = rule.info.description;
  }
  info.ref = entity;
  return info;
}

bool Estate::in_maintenance(const EntityRef& entity, TimestampMs at) const {
  return std::any_of(windows_.begin(), windows_.end(),
                     [&](const auto& window) { return window.covers(entity, at); });
}

std::vector<EntityRef> Estate::downstream(const EntityRef& entity) const {
  std::vector<EntityRef> out;
  std::set<EntityRef> seen{entity};
  std::deque<EntityRef> open{entity};
  while (!open.empty()) {
    const EntityRef at = std::move(open.front());
    open.pop_front();
    const auto found = from_.find(at);
    if (found == from_.end()) continue;
    for (const std::uint32_t i : found->second) {
      const EntityRef& to = edges_[i].to;
      if (!seen.insert(to).second) continue;
      out.push_back(to);
      open.push_back(to);
    }
  }
  return out;
}

}  // namespace trimtab
