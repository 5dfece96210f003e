// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "analyze/job_runner.h"
#include "analyze/plan.h"
#include "estate/estate.h"
#include "ledger/records.h"

namespace trimtab::analyze {

// What else changed while something was out of the ordinary. For the worst findings, the series of the same
// entity and of those it depends on directly are held against their own past by kernels/correlate, seasons
// off: which of them look different since the finding began, at a false discovery rate of
// kCompanionFalseShare over all that were looked at. The largest shifts join the finding's evidence with
// method "changed_with_it"; they change neither its harm nor its sureness. A move to the better side counts
// as well: what fell when latency rose tells much. Bounds: kCompanionFindingsMax findings, kCompanionJobsMax
// series in all; the rest is left out and counted. Deterministic at any number of threads. Returns how many
// series were left out.
std::uint64_t add_companions(std::vector<Finding>& findings, const Plan& plan, const SeriesSet& set,
                             const JobOptions& options, const Estate& estate, int threads);

inline constexpr std::size_t kCompanionFindingsMax = 10;
inline constexpr std::size_t kCompanionJobsMax = 400;
inline constexpr std::size_t kCompanionsPerFindingMax = 4;
inline constexpr std::size_t kCompanionColumnsMax = 1200;
inline constexpr double kCompanionFalseShare = 0.05;
inline constexpr double kCompanionShiftMin = 3;  // robust standard deviations: less does not help a reader
inline constexpr double kCompanionWindowShareMax =
    1.0 / 3;  // of the past known; more and the past says little

}  // namespace trimtab::analyze
