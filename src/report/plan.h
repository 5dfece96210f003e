// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "ledger/change.h"
#include "ledger/recommendation.h"
#include "report/brief.h"

namespace trimtab {

struct PlanInput {
  TimestampMs at_ms = 0;
  std::vector<Recommendation> recommendations;  // live ones, most worth first
  std::vector<Change> changes;                  // newest first, ended ones too
  std::vector<ObjectiveStatus> objectives;
  std::string halted;  // who stopped changes and why; "" = not stopped
};

// What became of earlier advice: the product's own record.
struct TrackRecord {
  std::size_t ended = 0;
  std::size_t kept = 0;
  std::size_t rolled_back = 0;
  std::size_t no_effect = 0;  // shown to do nothing worth keeping, or inconclusive
  std::size_t failed = 0;
  std::size_t automatic = 0;       // of the ended ones: approved by policy
  std::size_t foretold = 0;        // kept ones whose measured effect lies in, or beyond, what was expected
  double median_achieved = 0;      // of the kept ones: measured / middle of the expected effect; NaN: none
  DurationMs median_proof_ms = 0;  // from finding to verdict; 0: none
};
TrackRecord track_record(const std::vector<Change>& changes);

// "database", "configuration", "infrastructure", "code": what kind of thing an action changes.
std::string_view area_of(const Action& action);
// "-85 % to -95 %"; a plus sign is written too.
std::string percent_range(double low, double high);
// "mean time of the query: 412 ms to 36 ms, -91 % (-92 % to -90 %)"; "" without a measurement.
std::string effect_words(const Verdict& verdict, std::string_view unit);
// "mean time of the query: -95 % to -85 %": by its title where the metric is the one that is verified.
std::string expected_words(const ExpectedEffect& expected, const VerifyPlan& verify);
std::string_view state_words(const Change& change);

// The living optimisation plan: objectives, what was done by area with its measured result, what is next, and
// the track record. Pure: same input, same bytes.
std::string render_plan(const PlanInput& input, BriefFormat format, const BriefStyle& style);
// One recommendation or change, whole.
std::string render_recommendation(const Recommendation& recommendation, const std::vector<Change>& changes,
                                  BriefFormat format, const BriefStyle& style);
std::string render_change(const Change& change, BriefFormat format, const BriefStyle& style);

}  // namespace trimtab
