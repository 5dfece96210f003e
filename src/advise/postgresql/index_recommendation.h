// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "advise/postgresql/database_advisor.h"
#include "advise/postgresql/index_study.h"
#include "ledger/recommendation.h"

namespace trimtab::advise::postgresql {

// The proposed index `index` of the study as a recommendation; what DatabaseAdvisor fills in and the findings
// are the caller's. Pure.
Recommendation index_recommendation(const IndexStudy& study, std::size_t index, const AdvisedDatabase& where);

// What is expected of the measured mean time when the planner says that cost falls to `cost_ratio` of what it
// was: on the logarithmic scale between half and one and a half times the estimated fall. The planner's
// estimates are often off by factors (Leis et al., "How good are query optimizers, really?", VLDB 2015), and
// its costs are no times. Never below the floor that any statement costs.
ExpectedEffect expected_effect(double cost_ratio, double mean_seconds);

inline constexpr double kCallsMin = 20;                // of the most helped statement in the window
inline constexpr double kStatementSecondsMin = 10e-6;  // no execution is faster

}  // namespace trimtab::advise::postgresql
