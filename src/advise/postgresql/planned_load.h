// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "advise/advisor.h"
#include "advise/postgresql/plan.h"
#include "advise/postgresql/workload.h"
#include "base/result.h"
#include "targets/postgresql/connection.h"

namespace trimtab::advise::postgresql {

// Generic plans of the workload's statements, by its queries; one without nodes where the server would not
// plan it. A plain DELETE that the role may not do is planned as the search it makes. Where planning would
// run foreign code as a superuser (refuse_foreign_code) none has nodes. Asks one EXPLAIN a statement. Errors:
// the connection's, kCancelled.
Result<std::vector<Plan>> plan_all(trimtab::postgresql::Connection& connection, const Workload& workload,
                                   const Context& context);

// What runs now, and how it is planned; or what is missing before anything can be said about it.
struct PlannedLoad {
  std::string needs;  // "3 more minutes of load"; "": the rest is filled in
  Workload workload;
  std::vector<Plan> plans;
};
// Takes one look at pg_stat_statements into `history`; plans nothing before that holds `window_min_ms`.
// Errors: the connection's, kCancelled.
Result<PlannedLoad> read_planned_load(trimtab::postgresql::Connection& connection, SnapshotHistory& history,
                                      DurationMs window_min_ms, const Context& context);

}  // namespace trimtab::advise::postgresql
