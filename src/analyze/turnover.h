// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "analyze/job_runner.h"
#include "analyze/neighbourhood.h"
#include "analyze/plan.h"
#include "ledger/records.h"

namespace trimtab::analyze {

// What came or went when something became unusual: a process, a route, a client. Its series has no past (or
// no future) to be held against, so its size is. For each series of a finding's evidence that rose and began
// kTurnoverAgeMax ago at most, series of its entity, unit and aspect whose names share a word for what they
// measure, and that began, after silence, from kTurnoverLeadMs before to kTurnoverLateMs after it, join the
// evidence with method "began_with_it" when they, less what ended of the same metric, are kTurnoverShareMin
// of the rise or more; where it fell, those that ended, "ended_with_it". Rates that are shares (CPU time) are
// held against all series of their metric instead, since the wholes differ. The largest shares first,
// kTurnoverPerFindingMax in all, before weaker evidence. An entity whose series mostly begin or end at once
// is one whose collection did, and nothing is said. At most kTurnoverReadsMax reads a finding; returns how
// many were left out. Neither harm nor sureness change. Deterministic.
std::uint64_t add_turnover(std::vector<Finding>& findings, std::span<const Neighbourhood> near,
                           const Plan& plan, const SeriesSet& set, TimestampMs at_ms);

inline constexpr DurationMs kTurnoverLeadMs = 15 * kMinuteMs;
inline constexpr DurationMs kTurnoverLateMs = 5 * kMinuteMs;
inline constexpr DurationMs kTurnoverAgeMax = kDayMs;
inline constexpr double kTurnoverShareMin = 0.25;
inline constexpr std::size_t kTurnoverPerFindingMax = 2;
inline constexpr std::size_t kTurnoverReadsMax = 2000;

}  // namespace trimtab::analyze
