// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "analyze/job_runner.h"
#include "analyze/plan.h"
#include "estate/estate.h"
#include "ledger/records.h"

namespace trimtab::analyze {

struct FindingContext {
  TimestampMs at_ms = 0;
  double false_alarms_per_day = 1;
  const Estate& estate;
};

struct FindingSet {
  std::vector<Finding> findings;     // worst harm first
  std::uint64_t in_maintenance = 0;  // findings held back because a maintenance window covers them
};

// Joins the verdicts of a pass: keeps the alarms that the budget allows over all judged readings, gathers
// the evidence of each entity into one finding ("what is unusual now") plus one for each limit that is
// near, puts origins before victims and sorts by harm. results[i] belongs to plan.jobs[i].
FindingSet make_findings(const Plan& plan, const std::vector<JobResult>& results,
                         const FindingContext& context);

// Stable over passes: the same entity's present trouble, or the same series' limit.
std::string unusual_fingerprint(const EntityRef& entity);
std::string limit_fingerprint(const EntityRef& entity, const Labels& series);

}  // namespace trimtab::analyze
