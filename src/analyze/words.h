// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "analyze/job_runner.h"
#include "analyze/verdict.h"
#include "ledger/records.h"

namespace trimtab::analyze {

// Of a whole: "ratio" or "percent".
bool is_share(std::string_view unit);
// "service PetSite", "host db-1".
std::string entity_words(const EntityRef& entity);
// "Latency of service PetSite is x3.1 of its usual: 310 ms, usually 100 ms".
std::string unusual_title(const EntityRef& entity, const Signal& signal, const Evidence& evidence);
// "Filesystem use of host db-1 (mountpoint /) is at 97 % of its limit".
std::string limit_title(const EntityRef& entity, const Signal& signal, const Labels& labels,
                        const LimitState& state, TimestampMs at_ms);
// Why it counts as harm, in one clause.
std::string harm_words(const Evidence& evidence, int tier);
// The kind of a finding from its leading evidence.
FindingKind kind_of(const Evidence& evidence, bool lasting);

}  // namespace trimtab::analyze
