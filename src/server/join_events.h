// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "base/result.h"
#include "base/time.h"
#include "estate/estate.h"
#include "ledger/ledger.h"

namespace trimtab {

// How long before a finding's start an event (a deployment, a change of configuration, a note) counts as
// a possible reason, and how long after it: starts are known to a few minutes only.
inline constexpr DurationMs kEventBeforeMs = 2 * kHourMs;
inline constexpr DurationMs kEventAfterMs = 5 * kMinuteMs;
inline constexpr std::size_t kEventsOfFindingMax = 5;  // the nearest ones stay

// Gives each finding the ids of the ledger's events that came shortly before it: those about the whole
// estate (no entity named), about the finding's entity, or about something it depends on. Nearest first.
// `at` is the moment judged: later events are not known then. Reads the ledger once.
Status join_events(Ledger& ledger, const Estate& estate, TimestampMs at, std::span<Finding> findings);

}  // namespace trimtab
