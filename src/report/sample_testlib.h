// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "report/brief.h"

namespace trimtab::report {

// Synthetic briefs for tests, judged at 2026-11-21 10:52 UTC looking back 24 h. Deterministic.

BriefInput healthy_sample();     // everything judged, nothing wrong, one finding ended
BriefInput mixed_sample();       // services, a host and a disk in several states, with events
BriefInput not_enough_sample();  // 40 of 312 series judged
BriefInput no_data_sample();     // nothing known

// One finding with the given foreign text in every field that can hold any.
BriefInput hostile_sample(const std::string& foreign);

}  // namespace trimtab::report
