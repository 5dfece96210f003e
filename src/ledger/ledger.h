// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "ledger/change.h"
#include "ledger/recommendation.h"
#include "ledger/records.h"

namespace trimtab {

struct RecommendationFilter {
  std::vector<RecommendationState> states = {};  // empty: all
  std::optional<EntityRef> entity = {};
  std::size_t limit = 1000;
};

struct ChangeFilter {
  std::vector<ChangeState> states = {};  // empty: all
  std::optional<EntityRef> entity = {};
  std::optional<std::int64_t> recommendation = {};
  bool live = false;  // only those that is_live()
  std::size_t limit = 1000;
};

struct FindingFilter {
  std::vector<FindingState> states;      // empty: all
  std::optional<TimeRange> overlapping;  // [since, ended or now] meets the range
  std::optional<EntityRef> entity;
  std::size_t limit = 1000;
};

struct EventFilter {
  TimeRange range;
  std::optional<EntityRef> entity;
  std::string kind;  // "" = any
  std::size_t limit = 1000;
};

// One step in a finding's life: who moved it from where to where, when and why. Kept for ever.
struct FindingChange {
  std::int64_t finding_id = 0;
  TimestampMs at_ms = 0;
  std::optional<FindingState> from;  // absent: the finding was new
  FindingState to = FindingState::kOpen;
  std::string by;  // "" = Trimtab itself
  std::string reason;
};

// The product's memory and audit trail. One SQLite file (WAL mode, synchronous = FULL): what a call
// returned OK for survives a crash. Thread-safe; calls are serialised.
class Ledger {
 public:
  virtual ~Ledger() = default;

  // Opens or creates; migrates older schema versions forward in one transaction; refuses newer ones
  // with kVersion and leaves them untouched. path ":memory:" for tests.
  static Result<std::unique_ptr<Ledger>> open(const std::string& path, const Clock& clock, Logger& logger);

  // --- findings ---
  // Takes the findings of one pass. A fingerprint that is open or acknowledged is updated (id, state,
  // since and people's words stay); a dismissed one stays dismissed while it lasts. Live ones that no
  // pass saw for `resolve_after_ms` have ended: open and acknowledged become resolved, dismissed keep
  // their state. Seen again within resolve_after_ms + kReopenWindowMs after its end, an ended finding
  // goes on (resolved -> open, dismissed stays dismissed); later, it is a new finding. An acknowledgement
  // past its until_ms becomes open. Returns the open and acknowledged findings, worst harm first.
  // Beyond kFindingsPerPassMax the rest is dropped, said in the log, and nothing is resolved.
  virtual Result<std::vector<Finding>> record_pass(const AnalysisPass& pass, std::vector<Finding> findings,
                                                   DurationMs resolve_after_ms) = 0;
  // Worst harm first. At most min(filter.limit, kRecordsPerQueryMax).
  virtual Result<std::vector<Finding>> findings(const FindingFilter& filter) = 0;
  virtual Result<Finding> finding(std::int64_t id) = 0;
  // Acknowledge (who, why, until in the future), dismiss (who, reason required), resolve, reopen.
  // Errors: kNotFound, kInvalid (who or reason missing, too long), kConflict (an ended finding can only
  // be reopened, and only while no newer finding has its fingerprint).
  virtual Result<Finding> set_finding_state(std::int64_t id, FindingState state, const std::string& by,
                                            const std::string& reason,
                                            std::optional<TimestampMs> until_ms) = 0;
  virtual Result<std::vector<FindingChange>> history(std::int64_t finding_id) = 0;  // oldest first
  // The newest kPassesKept passes are kept.
  virtual Result<std::optional<AnalysisPass>> last_pass() = 0;

  // --- events ---
  // Gives the id; the same key again updates. at_ms 0 is "now". Errors: kInvalid (no kind or title, a
  // text over its bound, not UTF-8, until before at). Of more than kEventsKept the oldest go.
  virtual Result<Event> add_event(Event event) = 0;
  // Events whose [at, until or at] meets the range, newest first.
  virtual Result<std::vector<Event>> events(const EventFilter& filter) = 0;

  // --- recommendations ---
  // Takes what these advisors say now. A known fingerprint in proposed, not_enough_data, withdrawn or expired
  // is updated (id and created_ms stay); accepted, done and dismissed ones keep their state until they are
  // older than kAdviceRestMs, then start anew. Proposed and not_enough_data ones of the same advisors and of
  // the same targets (Action::target, "" included) that are not among them become withdrawn; past
  // expires_ms: expired. `looked_at` names further targets these advisors looked at, with nothing to say.
  // Returns the live ones (of all advisors), most benefit per risk first: proposed before not_enough_data,
  // then by time saved over risk_weight(), then by money over it.
  // Errors, nothing written: kInvalid (no fingerprint, entity, advisor of this call, or another state than
  // proposed and not_enough_data), kLimit (over kAdvicePerCallMax, or a record over kRecordBytesMax).
  virtual Result<std::vector<Recommendation>> record_advice(
      const std::vector<std::string>& advisors, std::vector<Recommendation> recommendations,
      const std::vector<std::string>& looked_at = {}) = 0;
  // In the same order; ended ones after the live ones.
  virtual Result<std::vector<Recommendation>> recommendations(const RecommendationFilter& filter) = 0;
  virtual Result<Recommendation> recommendation(std::int64_t id) = 0;
  // proposed -> accepted -> done, or back to proposed; proposed, not_enough_data -> dismissed (who and reason
  // required), withdrawn, expired; dismissed, accepted, withdrawn, expired -> proposed. Errors: kNotFound,
  // kInvalid, kConflict (any other step; a change of it has not ended and the step is not to accepted or
  // done; a newer recommendation has its fingerprint).
  virtual Result<Recommendation> set_recommendation_state(std::int64_t id, RecommendationState state,
                                                          const std::string& by,
                                                          const std::string& reason) = 0;

  // --- changes ---
  // Gives the id; created_ms 0 is "now". Errors: kConflict when the entity or the
  // recommendation already has a change that has not ended, kNotFound (no such recommendation; 0: none).
  virtual Result<Change> add_change(Change change) = 0;
  // Writes `change` if the stored one still stands at `expected` with as many steps as `steps_seen`; else
  // kConflict: somebody else moved it, or it has ended and would live again (but for being undone), or its
  // entity has another live change by now. Appending the step is the caller's.
  virtual Result<Change> update_change(Change change, ChangeState expected, std::size_t steps_seen) = 0;
  virtual Result<std::vector<Change>> changes(const ChangeFilter& filter) = 0;  // newest first
  virtual Result<Change> change(std::int64_t id) = 0;

  // --- leases: who of several nodes works on what ---
  // True when `holder` holds `name` until `until_ms` from now on; false while another holder's lease runs.
  virtual Result<bool> take_lease(const std::string& name, const std::string& holder,
                                  TimestampMs until_ms) = 0;
  virtual Status release_lease(const std::string& name, const std::string& holder) = 0;

  // --- small state of other rooms (detector state, cursors); value is opaque ---
  virtual Status put_state(const std::string& key, const std::string& value) = 0;
  virtual Result<std::optional<std::string>> get_state(const std::string& key) = 0;

  virtual Result<int> schema_version() = 0;
  virtual Status check() = 0;  // integrity check, for /-/ready and inspect

  static constexpr DurationMs kReopenWindowMs = kHourMs;
  static constexpr DurationMs kAdviceRestMs = 7 * kDayMs;  // what was decided is not proposed again sooner
  static constexpr std::size_t kAdvicePerCallMax = 1'000;
  // Beyond these the oldest that have ended go.
  static constexpr std::size_t kRecommendationsKept = 10'000;
  static constexpr std::size_t kChangesKept = 100'000;
  static constexpr std::size_t kRecordsPerQueryMax = 10'000;
  static constexpr std::size_t kFindingsPerPassMax = 10'000;
  static constexpr std::size_t kPassesKept = 2'000;
  static constexpr std::size_t kEndedFindingsKept = 100'000;
  static constexpr std::size_t kEventsKept = 200'000;
  static constexpr std::size_t kEventKindBytesMax = 64;
  static constexpr std::size_t kEventTitleBytesMax = 512;
  static constexpr std::size_t kEventTextBytesMax = 16 << 10;
  static constexpr std::size_t kShortTextBytesMax = 512;  // author, key, entity, by
  static constexpr std::size_t kReasonBytesMax = 4 << 10;
  static constexpr std::size_t kRecordBytesMax = 1 << 20;  // one record as JSON
  static constexpr std::size_t kStateKeyBytesMax = 512;
  static constexpr std::size_t kStateValueBytesMax = 64 << 20;
};

}  // namespace trimtab
