// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "advise/advisor.h"
#include "advise/postgresql/index_study.h"
#include "base/metrics.h"
#include "targets/target.h"

namespace trimtab::advise::postgresql {

// "postgresql.index": indexes that the load of the target's database would gain by. One for each target; it
// keeps the last looks at pg_stat_statements. Opens a read-only connection a pass. `metrics` outlives it.
std::unique_ptr<Advisor> create_index_advisor(Target target, const StudyOptions& options, Metrics& metrics);

}  // namespace trimtab::advise::postgresql
