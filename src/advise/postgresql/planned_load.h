// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
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

// "3 more minutes of load" when the workload's window is shorter than `window_min_ms`.
std::optional<std::string> more_load_needed(const Workload& workload, DurationMs window_min_ms);

}  // namespace trimtab::advise::postgresql
