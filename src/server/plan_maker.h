// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "ledger/ledger.h"
#include "report/plan.h"

namespace trimtab {

// Everything the plan speaks of, as the ledger has it now. At most kPlanRecordsMax recommendations and
// changes.
Result<PlanInput> gather_plan(Ledger& ledger, const Clock& clock);

inline constexpr std::size_t kPlanRecordsMax = 1'000;

}  // namespace trimtab
