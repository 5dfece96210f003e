// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "act/executor.h"
#include "act/policy.h"
#include "act/verify.h"
#include "base/clock.h"
#include "base/log.h"
#include "ledger/ledger.h"

namespace trimtab::act {

// The kill switch, in the ledger: all nodes see it and it survives restarts.
struct Halt {
  std::string by;
  std::string reason;
  TimestampMs at_ms = 0;
};
Result<std::optional<Halt>> read_halt(Ledger& ledger);
Status write_halt(Ledger& ledger, const std::optional<Halt>& halt);

// Moves one change by one step:
//
//   proposed -> approved -> applying -> observing -> kept | rolled_back | inconclusive | failed
//
// The intent is in the ledger before an effect is made and its outcome after. What is found in `applying` or
// `undoing` may or may not have happened: the executor is asked, and the effect is finished or undone.
// Writing is by compare-and-set; a change that somebody else moved meanwhile is left for the next call.
// Thread-safe for different changes; a change whose executor works for another one waits.
class ChangeMachine {
 public:
  struct Parts {
    Ledger& ledger;
    promql::Querier& querier;
    const Executors& executors;
    const Policy& policy;
    const Clock& clock;
    Logger& logger;
    std::string node;  // holder of leases: the same after a restart, another on another machine
  };
  explicit ChangeMachine(Parts parts) : parts_(std::move(parts)), verifier_(parts_.querier) {}

  // The change as it stands afterwards; unchanged when there is nothing to do now. Errors: the ledger's.
  Result<Change> step(Change change);
  // Whether step() would do something now, judged without looking further than the record.
  bool is_due(const Change& change) const;

  static constexpr DurationMs kLeaseMs = 2 * kMinuteMs;   // renewed by ChangeRunner while an effect lasts
  static constexpr DurationMs kRetryFirstMs = kSecondMs;  // doubles with each attempt
  static constexpr DurationMs kRetryMaxMs = kMinuteMs;
  static constexpr DurationMs kBeforeWaitMax =
      kHourMs;  // for values to compare with; or twice what is needed
  static constexpr DurationMs kWaitPollMs = 5 * kSecondMs;  // of an approved change that waits

  // One node at a time works on a change.
  static std::string lease_name(const Change& change) { return "act/C-" + std::to_string(change.id); }

 private:
  // An executor in this change's hands alone, and the lease on the change; given back at the end of a step.
  class Hold;
  Result<std::unique_ptr<Hold>> take(const Change& change);

  Result<Change> begin(Change change);
  Result<Change> apply(Change change);
  Result<Change> observe(Change change);
  Result<Change> finish(Change change);
  Result<Change> undo(Change change);
  Result<Change> undone(Change change);

  Result<std::string> must_wait(const Change& change);
  Result<bool> rate_is_reached(TimestampMs now);
  Result<Change> wait(Change change, const std::string& what);
  Result<Change> retry(Change change, const Error& error);
  Result<Change> decide_undo(Change change, const std::string& reason);
  Result<Change> move(Change change, ChangeState to, const std::string& reason);
  Result<Change> save(Change change, ChangeState expected, std::size_t steps_seen);
  DurationMs observe_max(const Change& change) const;

  Parts parts_;
  Verifier verifier_;
  std::mutex begin_mutex_;  // so that the rate holds however many begin at once
  std::mutex executors_mutex_;
  std::map<std::string, std::mutex> executor_mutexes_;
};

// When `applying` was entered; created_ms when never.
TimestampMs began_ms(const Change& change);

}  // namespace trimtab::act
