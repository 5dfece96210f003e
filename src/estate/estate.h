// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/labels.h"
#include "base/result.h"
#include "base/time.h"
#include "estate/calendar.h"
#include "estate/catalog.h"
#include "estate/growth_driver.h"
#include "ledger/records.h"

namespace trimtab {

struct MaintenanceWindow {
  std::string name;
  std::vector<std::string> entities;  // patterns ("service/check*"); empty: all
  TimestampMs from_ms = 0;            // one-off
  TimestampMs to_ms = 0;
  std::optional<int> weekday;  // weekly: 0 = Monday .. 6; with minute_of_day and duration (UTC)
  int minute_of_day = 0;
  DurationMs duration_ms = 0;
  bool covers(const EntityRef& entity, TimestampMs at) const;
};

// An SLO as declared. Its indicator is the share of bad among all events, by PromQL with {{.window}} where
// the window stands: bad and all, good and all, or the bad share itself.
struct Objective {
  std::string name;
  std::string entity;  // "service/checkout"
  std::string description;
  double target = 0;  // share of events that must be good: 0.999
  DurationMs window_ms = 0;
  std::string error_query;
  std::string good_query;
  std::string total_query;        // with error_query or good_query
  std::string error_ratio_query;  // alone
  bool has_indicator() const { return !total_query.empty() || !error_ratio_query.empty(); }
};

enum class EdgeKind { kCalls, kRunsOn, kStoresIn, kOwnedBy };
struct Edge {
  EntityRef from;
  EntityRef to;
  EdgeKind kind = EdgeKind::kCalls;
};

struct EntityInfo {
  EntityRef ref;
  std::string owner;   // "" unknown
  int tier = 0;        // 1..4, 0 unknown
  std::string domain;  // head-of-domain grouping
  std::string description;
};

// Facts of one entity, or the defaults of all that match a pattern.
struct EntityRule {
  std::string pattern;  // "service/checkout", "service/*", "*"
  EntityInfo info;
};

// What an estate.yaml holds, as read.
struct EstateParts {
  std::vector<EntityRule> entities;
  std::vector<Edge> edges;
  std::vector<MaintenanceWindow> windows;
  std::vector<Objective> objectives;
  Calendar calendar;
  std::vector<GrowthDriver> drivers;
};

// What exists, whose it is, how it hangs together: what estate.yaml declares plus what labels show.
// Immutable once loaded; thread-safe. Format: docs/formats/estate.md.
class Estate {
 public:
  Estate() = default;
  static Result<Estate> load(const std::string& path);
  static Result<Estate> load_text(std::string_view yaml, std::string_view file_name);

  // The entity a series belongs to: by the signal's entity labels, else by the usual ones (service,
  // job+instance, instance, host, ...). Never empty: last resort is metric/<name>.
  EntityRef entity_of(const Labels& series, const Signal& signal) const;
  // Declared facts, with pattern defaults ("service/*: owner: platform") filled in.
  EntityInfo info(const EntityRef& entity) const;
  bool in_maintenance(const EntityRef& entity, TimestampMs at) const;
  const std::vector<Edge>& edges() const { return edges_; }
  // Entities that `entity` calls, runs on or stores in, directly or through others, nearest first: where
  // its trouble may come from. Cycles are walked once.
  std::vector<EntityRef> downstream(const EntityRef& entity) const;
  const std::vector<Objective>& objectives() const { return objectives_; }
  const std::vector<MaintenanceWindow>& maintenance_windows() const { return windows_; }
  const Calendar& calendar() const { return calendar_; }
  const std::vector<GrowthDriver>& drivers() const { return drivers_; }
  const std::vector<EntityRule>& entity_rules() const { return rules_; }  // weakest pattern first

 private:
  static Estate from_parts(EstateParts parts);

  std::map<EntityRef, std::vector<std::uint32_t>> from_;  // entity -> indices into edges_
  std::vector<EntityRule> rules_;
  std::vector<Edge> edges_;
  std::vector<MaintenanceWindow> windows_;
  std::vector<Objective> objectives_;
  Calendar calendar_;
  std::vector<GrowthDriver> drivers_;
};

}  // namespace trimtab
