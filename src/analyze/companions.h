// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "analyze/job_runner.h"
#include "analyze/neighbourhood.h"
#include "analyze/plan.h"
#include "ledger/records.h"

namespace trimtab::analyze {

// What else changed while something was out of the ordinary. The series near a finding are held against
// their own past by kernels/correlate, seasons off: which of them look different since the finding began, at
// a false discovery rate of kCompanionFalseShare over all that were looked at. The largest shifts join the
// finding's evidence with method "changed_with_it"; they change neither its harm nor its sureness. A move to
// the better side counts as well: what fell when latency rose tells much. At most kCompanionJobsMax series in
// all; the rest is left out and counted. Deterministic at any number of threads. Returns how many series were
// left out.
std::uint64_t add_companions(std::vector<Finding>& findings, std::span<const Neighbourhood> near,
                             const Plan& plan, const SeriesSet& set, const JobOptions& options, int threads);

inline constexpr std::size_t kCompanionJobsMax = 400;
inline constexpr std::size_t kCompanionsPerFindingMax = 4;
inline constexpr std::size_t kCompanionColumnsMax = 1200;
inline constexpr double kCompanionFalseShare = 0.05;
inline constexpr double kCompanionShiftMin = 3;  // robust standard deviations: less does not help a reader
inline constexpr double kCompanionWindowShareMax =
    1.0 / 3;  // of the past known; more and the past says little

}  // namespace trimtab::analyze
