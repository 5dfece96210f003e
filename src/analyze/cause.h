// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "estate/estate.h"
#include "ledger/records.h"

namespace trimtab::analyze {

// One entity that is out of the ordinary, as far as the search for origins needs to know it.
struct Suspect {
  EntityRef entity;
  double harm = 0;      // its own
  double strength = 0;  // how far from its usual in what callers feel (latency, errors, availability)
  bool felt_by_callers = false;
  // What is off, in the units in which it travels: 0 where nothing is off or nobody measures it.
  double added_seconds_least = 0;  // per operation, over its latency readings that are off
  double added_seconds_most = 0;
  double added_failures = 0;                   // share of operations
  bool other_trouble = false;                  // saturation: nobody knows what that adds
  bool led_by_failures = false;                // its worst reading is of failures, not of time
  std::map<std::string, double> traffic = {};  // operations by metric, now
  // Filled:
  double rank_harm = 0;            // with the harm of the victims it explains
  std::vector<EntityRef> origins;  // likely causes, worst first; empty: itself an origin
  std::vector<EntityRef> victims;  // those it likely explains, worst first
};

// Trouble of latency and errors travels from the called to the caller: an entity whose callees (through the
// estate's calls, also through others) are out of the ordinary in that sense is taken as their victim, unless
// its own deviation is much stronger than theirs (kOwnTroubleRatio), or they add too little to it: what the
// called one adds to each of its operations, times how often it is called, must be a third of what the caller
// has more (1 / kOwnTroubleRatio). How often is told by the traffic of both in the same metric; without, it
// is taken as kCallsAssumed. Operations that fail because the called one is slow wait for a time-out first,
// so that must add kTimeoutLeast to each of them. What remains are origins; an origin carries at least the
// harm of its victims and more the more it explains, a victim a little less than its origin, so that sorting
// by rank_harm puts the likely cause first. (The idea of traversing
// anomalies to where no callee is anomalous: Liu et al., MicroHECL, ICSE-SEIP 2021; Chen et al., CauseInfer,
// INFOCOM 2014.)
void find_origins(std::vector<Suspect>& suspects, const Estate& estate);

inline constexpr double kOwnTroubleRatio = 3;
inline constexpr double kCallsAssumed = 3;
inline constexpr double kTimeoutLeastSeconds = 1;  // a convention: shorter time-outs are rare
inline constexpr double kVictimCredit = 0.2;  // what each victim adds to its origin, shared among its origins
inline constexpr double kVictimShare = 0.97;

}  // namespace trimtab::analyze
