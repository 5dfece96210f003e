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
  std::vector<FindingState> states;        // empty: all
  std::optional<TimeRange> overlapping;    // [since, ended or now] meets the range
  std::optional<EntityRef> entity;
  std::size_t limit = 1000;
};

struct EventFilter {
  TimeRange range;
  std::optional<EntityRef> entity;
  std::string kind;                        // "" = any
  std::size_t limit = 1000;
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
  // since and people's words stay); a dismissed one stays dismissed while it lasts; a resolved one is
  // opened anew as a new finding unless it ended less than reopen_window ago. Open ones that the pass
  // did not see for `resolve_after_ms` become resolved. Returns the live findings with their ids.
  virtual Result<std::vector<Finding>> record_pass(const AnalysisPass& pass, std::vector<Finding> findings,
                                                   DurationMs resolve_after_ms) = 0;
  virtual Result<std::vector<Finding>> findings(const FindingFilter& filter) = 0;
  virtual Result<Finding> finding(std::int64_t id) = 0;
  // Acknowledge (who, why, until), dismiss (who, reason required), resolve, reopen.
  virtual Result<Finding> set_finding_state(std::int64_t id, FindingState state, const std::string& by,
                                            const std::string& reason, std::optional<TimestampMs> until_ms) = 0;
  virtual Result<std::optional<AnalysisPass>> last_pass() = 0;

  // --- events ---
  virtual Result<Event> add_event(Event event) = 0;  // gives the id; same key updates
  virtual Result<std::vector<Event>> events(const EventFilter& filter) = 0;

  // --- small state of other rooms (detector state, cursors); value is opaque ---
  virtual Status put_state(const std::string& key, const std::string& value) = 0;
  virtual Result<std::optional<std::string>> get_state(const std::string& key) = 0;

  virtual Result<int> schema_version() = 0;
  virtual Status check() = 0;  // integrity check, for /-/ready and inspect
};

}  // namespace trimtab
