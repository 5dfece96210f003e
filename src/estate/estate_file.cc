// SPDX-License-Identifier: Apache-2.0
#include "estate/estate_file.h"

#include <fmt/format.h>

#include "estate/calendar_file.h"
#include "estate/driver_file.h"
#include "estate/glob.h"
#include "estate/objective_file.h"
#include "estate/yaml_text.h"

namespace trimtab {

namespace {

Status check_count(const Yaml& yaml, std::size_t count) {
  if (count <= kEstateItemsMax) return ok();
  return yaml.error(fmt::format("{} items; at most {} are allowed", count, kEstateItemsMax));
}

// Targets of `calls`, `runs_on`, `stores_in` of one entity.
Status read_edges(const Yaml& yaml, const std::string& from, EdgeKind kind, EstateParts& parts) {
  if (!yaml.exists()) return ok();
  if (from == "*" || is_glob(from)) return yaml.error("edges need one entity, not a pattern");
  const EntityRef source = *parse_entity(from);
  for (const Yaml& item : yaml.list()) {
    const EntityRef target = TRY(read_entity(item));
    parts.edges.push_back({source, target, kind});
    TRY(check_count(yaml, parts.edges.size()));
  }
  return ok();
}

Status read_entities(const Yaml& yaml, EstateParts& parts) {
  if (!yaml.exists()) return ok();
  if (!yaml.is_map()) return yaml.error("expected a map from entity or pattern to its facts");
  const auto entries = yaml.map();
  TRY(check_count(yaml, entries.size()));
  for (const auto& [name, facts] : entries) {
    TRY(facts.only_keys({"owner", "tier", "domain", "description", "calls", "runs_on", "stores_in"}));
    EntityRule rule;
    rule.pattern = TRY(read_pattern(facts, name));
    rule.info.owner = TRY(read_text_or_empty(facts["owner"]));
    rule.info.tier = static_cast<int>(TRY(facts["tier"].integer_or(0, 1, 4)));
    rule.info.domain = TRY(read_text_or_empty(facts["domain"]));
    rule.info.description = TRY(read_text_or_empty(facts["description"]));
    TRY(read_edges(facts["calls"], name, EdgeKind::kCalls, parts));
    TRY(read_edges(facts["runs_on"], name, EdgeKind::kRunsOn, parts));
    TRY(read_edges(facts["stores_in"], name, EdgeKind::kStoresIn, parts));
    parts.entities.push_back(std::move(rule));
  }
  return ok();
}

Status read_window_times(const Yaml& yaml, MaintenanceWindow& window) {
  const bool weekly = yaml["weekly"].exists();
  if (weekly == (yaml["from"].exists() || yaml["to"].exists())) {
    return yaml.error("expected either from and to, or weekly, at and duration");
  }
  if (!weekly) {
    if (yaml["at"].exists() || yaml["duration"].exists())
      return yaml.error("at and duration belong to a weekly window");
    window.from_ms = TRY(read_time(yaml["from"]));
    window.to_ms = TRY(read_time(yaml["to"]));
    if (window.to_ms <= window.from_ms) return yaml["to"].error("not after from");
    return ok();
  }
  window.weekday = TRY(read_weekday(yaml["weekly"]));
  window.minute_of_day = TRY(read_minute_of_day(yaml["at"]));
  window.duration_ms = TRY(yaml["duration"].duration(kMinuteMs, kWeekMs));
  return ok();
}

}  // namespace

Result<std::vector<MaintenanceWindow>> read_maintenance_windows(const Yaml& list) {
  std::vector<MaintenanceWindow> windows;
  const auto items = list.list();
  TRY(check_count(list, items.size()));
  for (const Yaml& item : items) {
    if (!item.is_map()) return item.error("expected a window with name and times");
    TRY(item.only_keys({"name", "entities", "from", "to", "weekly", "at", "duration"}));
    MaintenanceWindow window;
    window.name = TRY(read_text(item["name"], item["name"].string()));
    window.entities = TRY(read_patterns(item["entities"]));
    TRY(read_window_times(item, window));
    windows.push_back(std::move(window));
  }
  return windows;
}

Result<EstateParts> read_estate_file(const Yaml& file) {
  TRY(file.only_keys({"entities", "maintenance", "slos", "calendar", "drivers"}));
  EstateParts parts;
  TRY(read_entities(file["entities"], parts));
  parts.windows = TRY(read_maintenance_windows(file["maintenance"]));
  const auto objectives = file["slos"].list();
  TRY(check_count(file["slos"], objectives.size()));
  for (const Yaml& item : objectives) parts.objectives.push_back(TRY(read_objective(item)));
  parts.calendar = TRY(read_calendar(file["calendar"]));
  parts.drivers = TRY(read_drivers(file["drivers"]));
  return parts;
}

}  // namespace trimtab
