// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "ledger/records.h"

namespace trimtab {

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

  // --- small state of other rooms (detector state, cursors); value is opaque ---
  virtual Status put_state(const std::string& key, const std::string& value) = 0;
  virtual Result<std::optional<std::string>> get_state(const std::string& key) = 0;

  virtual Result<int> schema_version() = 0;
  virtual Status check() = 0;  // integrity check, for /-/ready and inspect

  static constexpr DurationMs kReopenWindowMs = kHourMs;
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
