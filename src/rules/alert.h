// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/labels.h"
#include "base/result.h"
#include "base/time.h"
#include "rules/rule_file.h"

namespace trimtab {

enum class AlertState { kInactive, kPending, kFiring };
std::string_view to_string(AlertState state);  // "inactive", "pending", "firing"

// One alert of one rule: what it is about and how long it has been so. Times of 0 stand for "not".
//
//   (condition holds)            (for `for`)                (condition gone, keep_firing_for over)
//        ---------> pending ---------------------> firing ----------------------------------> inactive
//                      |  condition gone: forgotten                                             | kept
//                      +----------------------->                                                | 15 min
struct Alert {
  AlertState state = AlertState::kPending;
  Labels labels;
  std::vector<std::pair<std::string, std::string>> annotations;
  double value = 0;
  TimestampMs active_at_ms = 0;
  TimestampMs fired_at_ms = 0;
  TimestampMs resolved_at_ms = 0;
  TimestampMs keep_firing_since_ms = 0;
};

// The alerts of one rule, by their labels.
using Alerts = std::map<Labels, Alert>;

inline constexpr DurationMs kResolvedAlertKeptMs = 15 * kMinuteMs;

// One evaluation: `found` holds an alert for each series of the answer (labels, annotations, value). Moves
// every alert on, as of `at`. Returns whether anything changed that should outlive a restart. Errors: kLimit
// when more alerts are active than `limit` (0: kRuleOutputsMax) allows; then none is kept.
Result<bool> step_alerts(const Rule& rule, std::vector<Alert> found, TimestampMs at, std::uint64_t limit,
                         Alerts& alerts);

// The worst state of any.
AlertState state_of(const Alerts& alerts);

// ALERTS and ALERTS_FOR_STATE of the active ones.
struct AlertSample {
  Labels labels;
  double value = 0;
};
std::vector<AlertSample> alert_samples(const Rule& rule, const Alerts& alerts);

}  // namespace trimtab
