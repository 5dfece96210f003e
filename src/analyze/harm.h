// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "analyze/job_runner.h"
#include "ledger/records.h"

namespace trimtab::analyze {

// How bad one piece of evidence is for the people served, 0..1: aspect weight x severity. The weights and
// the severity curves stand in docs/brief.md, "How findings are ranked".
double evidence_harm(const Evidence& evidence);

// Weight of an aspect, 0..1: what customers feel counts most.
double aspect_weight(std::string_view aspect);
// 1 for tier 1 down to 0.5 for tier 4; 0.75 when nobody said.
double tier_weight(int tier);
// 0.6, 0.85, 1.
double sureness_weight(Sureness sure);
// 0.7 for hardly any traffic to 1 for as much as the busiest entity has: how many are harmed. `share` of the
// busiest's operations; NaN: nobody measures it, 0.85.
double traffic_weight(double share);
// 0.9 at the start, 1 after six hours.
double duration_weight(DurationMs lasted_ms);

}  // namespace trimtab::analyze
