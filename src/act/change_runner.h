// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "act/change_machine.h"
#include "base/metrics.h"

namespace trimtab::act {

// Makes changes of recommendations and carries them to their end. The server calls tick() every second on a
// thread of its own; the other calls come from any thread (API, CLI) and only write to the ledger: tick()
// does the work. Several nodes may run over one ledger: leases and compare-and-set keep them apart.
class ChangeRunner {
 public:
  struct Parts {
    Ledger& ledger;
    promql::Querier& querier;
    const Executors& executors;
    Policy policy;
    const Clock& clock;
    Metrics& metrics;
    Logger& logger;
    std::string node;  // see ChangeMachine::Parts
  };
  explicit ChangeRunner(Parts parts);
  ~ChangeRunner();  // as stop()

  // One round: new changes by policy, then one step for every change that is due, each on a thread so that a
  // long effect holds up nobody (at most kStepsAtOnceMax), then re-checks.
  // Does not wait for the steps. Errors: the ledger's.
  Status tick();
  // The same, each step on this thread, until nothing is due at this moment; for tests and --once.
  Status run_until_idle();
  // Cancels effects under way and waits for them. What is unfinished goes on after the next start.
  void stop();

  // Whether this could be a change here: a known type with a target, and a plan that can be followed. Errors:
  // kUnsupported names the types there are; those of describe() and Verifier::check.
  Status check_idea(const Action& action, const VerifyPlan& plan) const;
  // What an action comes to, as its executor words it. Errors: parameters it would refuse.
  Result<ActionWords> describe(const Action& action) const;
  // A change of a recommendation that is proposed, or whose last change was not kept; it waits for consent
  // (state proposed). Errors: kNotFound, kConflict (decided otherwise; its entity has a live change),
  // kInvalid (no action to execute), kDenied (policy: never), kUnsupported (no executor for this type).
  Result<Change> propose(std::int64_t recommendation, const std::string& by);
  // Errors: kDenied (policy: dry_run or never; nobody named), kConflict (not proposed any more).
  Result<Change> approve(std::int64_t change, const std::string& by, const std::string& reason = "");
  // proposed, approved: given up before anything was done; the recommendation is proposed again. applying,
  // observing, kept, inconclusive: undone soon, by tick(). Errors: kInvalid (who or why missing), kConflict
  // (nothing of it is left; it is being undone already; its entity has another live change).
  Result<Change> rollback(std::int64_t change, const std::string& by, const std::string& reason);
  // The kill switch: nothing new is begun; observation and undo go on. Both need who; halt also why.
  Status halt(const std::string& by, const std::string& reason);
  Status resume(const std::string& by);
  Result<std::optional<Halt>> halted();

  const Policy& policy() const { return policy_; }
  // What policy would say to this recommendation.
  Policy::Ruling ruling(const Recommendation& recommendation) const;

  static constexpr std::size_t kStepsAtOnceMax = 8;
  static constexpr std::size_t kLiveChangesMax = 64;
  static constexpr DurationMs kCancelAgainMs = 5 * kSecondMs;
  static constexpr DurationMs kProposePollMs = 5 * kSecondMs;
  static constexpr DurationMs kRecheckPollMs = kMinuteMs;
  static constexpr std::array<DurationMs, 3> kRecheckAfter = {kDayMs, 7 * kDayMs, 30 * kDayMs};

 private:
  struct Running {
    std::shared_ptr<std::atomic<bool>> done;
    Change change;
    std::jthread thread;  // last: joined before the rest goes
  };

  Status propose_by_policy();
  void settle(const Recommendation& one, const Change& change);
  Status settle_taken_back(const Change& change, bool untouched, const std::string& by,
                           const std::string& reason);
  Status settle_recommendations();
  Status recheck_kept();
  Status recheck(const Change& change);
  Status check_conflicts(const Recommendation& recommendation);
  Result<bool> may_apply(const Recommendation& recommendation);
  Result<Change> propose_as(const Recommendation& recommendation, const std::string& by);
  Result<Change> approve_as(Change change, const std::string& by, const std::string& reason);
  void start(const Change& change);
  void tidy_running();
  // True when the step moved or wrote something.
  bool step_now(const Change& change);
  void tell(const Change& before, const Change& after);

  Ledger& ledger_;
  const Clock& clock_;
  Metrics& metrics_;
  Logger& logger_;
  const Executors& executors_;
  const Policy policy_;
  ChangeMachine machine_;
  Verifier verifier_;
  const std::string node_;
  std::mutex running_mutex_;
  std::condition_variable step_ended_;
  std::map<std::int64_t, Running> running_;
  TimestampMs propose_at_ms_ = 0;
  TimestampMs recheck_at_ms_ = 0;
  bool stopped_ = false;
};

}  // namespace trimtab::act
