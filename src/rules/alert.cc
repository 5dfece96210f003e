// SPDX-License-Identifier: Apache-2.0
#include "rules/alert.h"

#include <fmt/format.h>

#include <set>

namespace trimtab {
namespace {

// The condition of this alert no longer holds. False: it is to be forgotten.
bool step_without_cause(const Rule& rule, TimestampMs at, Alert& alert, bool& changed) {
  if (alert.state == AlertState::kFiring && rule.keep_firing_for_ms > 0) {
    if (alert.keep_firing_since_ms == 0) {
      alert.keep_firing_since_ms = at;
      changed = true;
    }
    if (at - alert.keep_firing_since_ms < rule.keep_firing_for_ms) return true;
  }
  if (alert.state == AlertState::kInactive) return at - alert.resolved_at_ms <= kResolvedAlertKeptMs;
  changed = true;
  if (alert.state == AlertState::kPending) return false;
  alert.state = AlertState::kInactive;
  alert.resolved_at_ms = at;
  return true;
}

}  // namespace

std::string_view to_string(AlertState state) {
  switch (state) {
    case AlertState::kInactive: return "inactive";
    case AlertState::kPending: return "pending";
    case AlertState::kFiring: return "firing";
  }
  return "?";
}

Result<bool> step_alerts(const Rule& rule, std::vector<Alert> found, TimestampMs at, std::uint64_t limit,
                         Alerts& alerts) {
  bool changed = false;
  std::set<Labels> here;
  for (Alert& alert : found) {
    here.insert(alert.labels);
    Alert& known = alerts[alert.labels];
    if (known.active_at_ms != 0 && known.state != AlertState::kInactive) {
      changed = changed || known.keep_firing_since_ms != 0;
      known.keep_firing_since_ms = 0;
      known.value = alert.value;
      known.annotations = std::move(alert.annotations);
      continue;
    }
    changed = true;
    known = std::move(alert);
    known.state = AlertState::kPending;
    known.active_at_ms = at;
    known.fired_at_ms = known.resolved_at_ms = known.keep_firing_since_ms = 0;
  }
  std::uint64_t active = 0;
  for (auto it = alerts.begin(); it != alerts.end();) {
    Alert& alert = it->second;
    if (!here.contains(it->first) && !step_without_cause(rule, at, alert, changed)) {
      changed = true;
      it = alerts.erase(it);
      continue;
    }
    if (alert.state == AlertState::kPending && at - alert.active_at_ms >= rule.for_ms) {
      alert.state = AlertState::kFiring;
      alert.fired_at_ms = at;
      changed = true;
    }
    active += alert.state != AlertState::kInactive;
    ++it;
  }
  const std::uint64_t most = limit == 0 ? kRuleOutputsMax : limit;
  if (active > most) {
    alerts.clear();
    return fail(ErrorCode::kLimit, fmt::format("exceeded limit of {} with {} alerts", most, active));
  }
  return changed;
}

AlertState state_of(const Alerts& alerts) {
  AlertState worst = AlertState::kInactive;
  for (const auto& [labels, alert] : alerts) worst = std::max(worst, alert.state);
  return worst;
}

std::vector<AlertSample> alert_samples(const Rule& rule, const Alerts& alerts) {
  std::vector<AlertSample> out;
  for (const auto& [labels, alert] : alerts) {
    if (alert.state == AlertState::kInactive) continue;
    const Labels named = labels.with("alertname", rule.name);
    out.push_back({named.with(kMetricName, "ALERTS").with("alertstate", to_string(alert.state)), 1});
    out.push_back(
        {named.with(kMetricName, "ALERTS_FOR_STATE"), static_cast<double>(alert.active_at_ms / kSecondMs)});
  }
  return out;
}

}  // namespace trimtab
