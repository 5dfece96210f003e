// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ledger/recommendation.h"

// One change that was made, or is about to be: what act/ journals before and after every effect.
namespace trimtab {

enum class ChangeState {
  kProposed,      // waits for consent
  kApproved,      // waits for its turn: window, rate, entity, halt
  kApplying,      // the intent is journaled; the effect may or may not have happened
  kObserving,     // applied, being measured
  kKept,          // ended: it helped
  kRolledBack,    // ended: taken back
  kInconclusive,  // ended: nothing shown, left in place because policy says so
  kFailed,        // ended: see `error`; nothing of it is left, unless `error` says what
};
std::string_view to_string(ChangeState state);  // "proposed", ..., "rolled_back", ...
Result<ChangeState> parse_change_state(std::string_view text);
bool is_ended(ChangeState state);

enum class Decision { kNone, kKept, kRolledBack, kNoEffect, kInconclusive, kFailed };
std::string_view to_string(Decision decision);  // "none", "kept", "rolled_back", "no_effect", ...
Result<Decision> parse_decision(std::string_view text);

// What was measured. Effects are relative changes: -0.9 is a fall by 90 %. NaN: not known.
struct Verdict {
  Decision decision = Decision::kNone;
  std::string metric;
  double before = 0;  // typical value
  double after = 0;
  double effect = 0;
  double low = 0;  // interval of 1 - alpha
  double high = 0;
  std::string reason;  // "guard: insert time +31 % (at most +5 %)"
  std::uint64_t looks = 0;
  TimestampMs at_ms = 0;
  struct GuardResult {
    std::string title;
    double effect = 0;
    double low = 0;
    double high = 0;
    bool breached = false;
  };
  std::vector<GuardResult> guards;
};

// The gain measured again later: after 1, 7 and 30 days.
struct Recheck {
  TimestampMs due_ms = 0;
  std::optional<TimestampMs> at_ms;  // done
  double effect = 0;
  double low = 0;
  double high = 0;
  bool gone = false;  // the gain is no longer shown
  std::string reason;
};

struct ChangeStep {
  TimestampMs at_ms = 0;
  ChangeState from = ChangeState::kProposed;
  ChangeState to = ChangeState::kProposed;
  std::string by;  // "" = Trimtab itself
  std::string reason;
};

struct Change {
  // In records.cc: inline, each file that holds one would compile them anew.
  Change();
  Change(const Change&);
  Change(Change&&) noexcept;
  Change& operator=(const Change&);
  Change& operator=(Change&&) noexcept;
  ~Change();

  std::int64_t id = 0;  // C-<id>
  std::int64_t recommendation = 0;
  EntityRef entity;
  std::string owner;
  std::string title;
  Action action;
  ExpectedEffect expected;
  VerifyPlan verify;
  Risk risk = Risk::kLow;
  ChangeState state = ChangeState::kProposed;
  // The undo has been decided and journaled; until the state is rolled_back or failed it may or may not have
  // happened.
  bool undoing = false;
  std::string undo_reason;
  std::string undo_state;    // what the executor needs to restore exactly; its own format, no secrets
  std::string approved_by;   // a person, or "policy: <rule>"
  TimestampMs found_ms = 0;  // first sight of the trouble: the finding's or the advice's
  TimestampMs created_ms = 0;
  std::optional<TimestampMs> applied_ms;  // the effect was there
  std::optional<TimestampMs> ended_ms;
  int attempts = 0;  // of the effect under way; bounded by kChangeAttemptsMax
  TimestampMs retry_at_ms = 0;
  std::string waits_for;  // of kProposed, kApproved: "maintenance window of Sunday 02:00", ""
  std::string error;
  Verdict verdict;
  std::vector<Recheck> rechecks;
  std::vector<ChangeStep> steps;  // oldest first, at most kChangeStepsMax
};
inline constexpr std::size_t kChangeStepsMax = 64;
inline constexpr int kChangeAttemptsMax = 8;

// Has not ended, or has ended and is being undone after all (a person wants a kept change back).
bool is_live(const Change& change);

std::string to_json(const Change& change);
Result<Change> change_from_json(std::string_view json);

}  // namespace trimtab
