// SPDX-License-Identifier: Apache-2.0
#include "server/plan_maker.h"

#include "act/change_machine.h"

namespace trimtab {

Result<PlanInput> gather_plan(Ledger& ledger, const Clock& clock) {
  PlanInput input;
  input.at_ms = clock.now_ms();
  RecommendationFilter live;
  live.states = {RecommendationState::kProposed, RecommendationState::kNotEnoughData};
  live.limit = kPlanRecordsMax;
  input.recommendations = TRY(ledger.recommendations(live));
  ChangeFilter all;
  all.limit = kPlanRecordsMax;
  input.changes = TRY(ledger.changes(all));
  if (const auto halt = TRY(act::read_halt(ledger))) input.halted = halt->reason + " (" + halt->by + ")";
  if (const auto pass = TRY(ledger.last_pass())) input.objectives = pass->objectives;
  return input;
}

}  // namespace trimtab
