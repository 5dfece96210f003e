// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "rules/alert.h"

namespace trimtab {

// What a group leaves in the ledger: the alerts of each alerting rule, by the rule's name and labels.
struct GroupState {
  struct OneRule {
    std::string name;
    std::string label_text;
    std::vector<Alert> alerts;
  };
  TimestampMs at_ms = 0;  // of the evaluation that left it
  std::vector<OneRule> rules;
};

std::string to_json(const GroupState& state);
// Errors: kCorrupt, kVersion for a newer writer.
Result<GroupState> group_state_from_json(std::string_view json);

// Alerts as they go on after a restart at `now`: what fires goes on firing, what was pending goes on as if no
// time had passed since (nobody looked), or is forgotten when that is longer than kOutageToleranceMs.
void resume_alerts(TimestampMs left_at_ms, TimestampMs now, std::vector<Alert>& alerts);

inline constexpr DurationMs kOutageToleranceMs = kHourMs;

}  // namespace trimtab
