// SPDX-License-Identifier: Apache-2.0
// The words that records use in JSON, on the command line and in the page.
#include <fmt/format.h>

#include <array>

#include "base/check.h"
#include "ledger/change.h"
#include "ledger/recommendation.h"
#include "ledger/records.h"

namespace trimtab {

namespace {

constexpr std::array<std::string_view, 10> kFindingKinds = {
    "anomaly", "level_shift", "trend",   "exhaustion",   "saturation",
    "errors",  "latency",     "traffic", "availability", "slo"};
constexpr std::array<std::string_view, 4> kFindingStates = {"open", "acknowledged", "resolved", "dismissed"};
constexpr std::array<std::string_view, 3> kSurenesses = {"low", "medium", "high"};
constexpr std::array<std::string_view, 4> kDirections = {"unknown", "up", "down", "both"};
constexpr std::array<std::string_view, 5> kUnjudged = {"too_short", "stale", "too_sparse", "constant",
                                                       "not_numeric"};
constexpr std::array<std::string_view, 5> kObjectiveStates = {"no_data", "met", "burning", "burning_fast",
                                                              "missed"};
constexpr std::array<std::string_view, 3> kRisks = {"low", "medium", "high"};
constexpr std::array<std::string_view, 7> kRecommendationStates = {
    "proposed", "not_enough_data", "accepted", "done", "dismissed", "withdrawn", "expired"};
constexpr std::array<std::string_view, 8> kChangeStates = {
    "proposed", "approved", "applying", "observing", "kept", "rolled_back", "inconclusive", "failed"};
constexpr std::array<std::string_view, 6> kDecisions = {"none",      "kept",         "rolled_back",
                                                        "no_effect", "inconclusive", "failed"};

template <std::size_t N, typename Enum>
std::string_view word_of(const std::array<std::string_view, N>& words, Enum value) {
  const auto index = static_cast<std::size_t>(value);
  CHECK(index < N, "enumerator {}", index);
  return words[index];
}

template <typename Enum, std::size_t N>
Result<Enum> parse_word(const std::array<std::string_view, N>& words, std::string_view text,
                        std::string_view what) {
  for (std::size_t i = 0; i < N; ++i) {
    if (words[i] == text) return static_cast<Enum>(i);
  }
  return invalid(
      fmt::format("\"{}\" is not a {}; known: {}", text.substr(0, 64), what, fmt::join(words, ", ")));
}

}  // namespace

std::string_view to_string(FindingKind kind) { return word_of(kFindingKinds, kind); }
std::string_view to_string(FindingState state) { return word_of(kFindingStates, state); }
std::string_view to_string(Sureness sureness) { return word_of(kSurenesses, sureness); }
std::string_view to_string(WorseDirection direction) { return word_of(kDirections, direction); }
std::string_view to_string(Unjudged reason) { return word_of(kUnjudged, reason); }
std::string_view to_string(ObjectiveState state) { return word_of(kObjectiveStates, state); }
std::string_view to_string(Risk risk) { return word_of(kRisks, risk); }
std::string_view to_string(RecommendationState state) { return word_of(kRecommendationStates, state); }
std::string_view to_string(ChangeState state) { return word_of(kChangeStates, state); }
std::string_view to_string(Decision decision) { return word_of(kDecisions, decision); }

double risk_weight(Risk risk) {
  switch (risk) {
    case Risk::kLow: return 1;
    case Risk::kMedium: return 3;
    case Risk::kHigh: break;
  }
  return 9;
}

bool is_ended(ChangeState state) {
  return state == ChangeState::kKept || state == ChangeState::kRolledBack ||
         state == ChangeState::kInconclusive || state == ChangeState::kFailed;
}

bool is_live(const Change& change) {
  const bool left_in_place = change.state == ChangeState::kKept || change.state == ChangeState::kInconclusive;
  return !is_ended(change.state) || (left_in_place && change.undoing);
}

Result<FindingKind> parse_finding_kind(std::string_view text) {
  return parse_word<FindingKind>(kFindingKinds, text, "kind of finding");
}
Result<FindingState> parse_finding_state(std::string_view text) {
  return parse_word<FindingState>(kFindingStates, text, "state of a finding");
}
Result<Sureness> parse_sureness(std::string_view text) {
  return parse_word<Sureness>(kSurenesses, text, "sureness");
}
Result<WorseDirection> parse_worse_direction(std::string_view text) {
  return parse_word<WorseDirection>(kDirections, text, "direction");
}
Result<Unjudged> parse_unjudged(std::string_view text) {
  return parse_word<Unjudged>(kUnjudged, text, "reason");
}
Result<ObjectiveState> parse_objective_state(std::string_view text) {
  return parse_word<ObjectiveState>(kObjectiveStates, text, "state of an objective");
}
Result<Risk> parse_risk(std::string_view text) { return parse_word<Risk>(kRisks, text, "risk"); }
Result<RecommendationState> parse_recommendation_state(std::string_view text) {
  return parse_word<RecommendationState>(kRecommendationStates, text, "state of a recommendation");
}
Result<ChangeState> parse_change_state(std::string_view text) {
  return parse_word<ChangeState>(kChangeStates, text, "state of a change");
}
Result<Decision> parse_decision(std::string_view text) {
  return parse_word<Decision>(kDecisions, text, "decision");
}

Result<EntityRef> parse_entity(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == text.size()) {
    return invalid(fmt::format("\"{}\" is not an entity; expected KIND/NAME, as in service/checkout",
                               text.substr(0, 128)));
  }
  return EntityRef{std::string(text.substr(0, slash)), std::string(text.substr(slash + 1))};
}

}  // namespace trimtab
