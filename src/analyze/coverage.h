// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "analyze/job_runner.h"
#include "analyze/plan.h"
#include "ledger/records.h"

namespace trimtab::analyze {

// What a pass looked at, series by series: each series is counted once, by the job that covers it.
Coverage count_coverage(const Plan& plan, const std::vector<JobResult>& results, std::uint64_t series_known);

inline constexpr std::size_t kCoverageExamplesMax = 20;
inline constexpr std::size_t kCoverageErrorsMax = 20;

}  // namespace trimtab::analyze
