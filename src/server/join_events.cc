// SPDX-License-Identifier: Apache-2.0
#include "server/join_events.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace trimtab {
namespace {

constexpr std::size_t kEventsReadMax = 10'000;

bool concerns(const Event& event, const EntityRef& entity, const std::vector<EntityRef>& below) {
  if (!event.entity || *event.entity == entity) return true;
  return std::find(below.begin(), below.end(), *event.entity) != below.end();
}

}  // namespace

Status join_events(Ledger& ledger, const Estate& estate, TimestampMs at, std::span<Finding> findings) {
  if (findings.empty()) return ok();
  TimestampMs oldest = at;
  for (const Finding& finding : findings) oldest = std::min(oldest, finding.since_ms);
  const auto events = TRY(ledger.events(
      {.range = {oldest - kEventBeforeMs, at}, .entity = std::nullopt, .kind = "", .limit = kEventsReadMax}));
  for (Finding& finding : findings) {
    const std::vector<EntityRef> below = estate.downstream(finding.entity);
    std::vector<std::pair<DurationMs, std::int64_t>> near;
    for (const Event& event : events) {
      const DurationMs before = finding.since_ms - event.at_ms;
      if (before > kEventBeforeMs || before < -kEventAfterMs) continue;
      if (concerns(event, finding.entity, below)) near.emplace_back(std::abs(before), event.id);
    }
    std::sort(near.begin(), near.end());
    if (near.size() > kEventsOfFindingMax) near.resize(kEventsOfFindingMax);
    finding.events.clear();
    for (const auto& [distance, id] : near) finding.events.push_back(id);
  }
  return ok();
}

}  // namespace trimtab
