// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "rules/rule_group.h"

namespace trimtab {

struct RuleManagerOptions {
  DurationMs interval_ms = kMinuteMs;  // of groups that name none
  int threads = 2;                     // groups evaluated at once
};

// A copy of what stands now, for the API.
struct RuleView {
  Rule rule;
  RuleHealth health;
  std::vector<Alert> alerts;  // active ones, sorted by labels
  AlertState state = AlertState::kInactive;
};
struct RuleGroupView {
  std::string name;
  std::string file;
  DurationMs interval_ms = 0;
  std::uint64_t limit = 0;
  TimestampMs last_evaluation_ms = 0;
  double seconds = 0;
  std::vector<RuleView> rules;
};

// All rule groups at work. A group is evaluated at its moments (RunningGroup::moment_at_or_before) by one
// worker at a time; moments that pass while it is still at work are left out and counted. Thread-safe.
// Threads: `threads` workers between start() and stop().
class RuleManager {
 public:
  RuleManager(RuleServices services, const RuleManagerOptions& options);
  ~RuleManager() { stop(); }

  // Takes these groups in place of the former ones. Groups of the same file and name go on with the alerts
  // and series of their rules; series of rules that are gone get a stale marker. New ones restore their
  // alerts from the ledger. Waits for evaluations under way.
  void apply(std::vector<RuleGroup> groups, const Labels& external_labels);
  void start();
  void stop();

  // Groups sorted by file and name, as of their last evaluation. Never waits for one.
  std::vector<std::shared_ptr<const RuleGroupView>> view() const;

  // For tests: evaluates the groups whose moment has come by `now`, in order. Not while started.
  void evaluate_due(TimestampMs now);

 private:
  struct Slot {
    std::unique_ptr<RunningGroup> group;
    TimestampMs due_ms = 0;
    bool busy = false;                          // a worker has the group; else it is guarded by mutex_
    std::shared_ptr<const RuleGroupView> view;  // as of the end of the last evaluation
  };
  void work(const std::stop_token& stop);
  std::shared_ptr<Slot> next_due();
  void finish(Slot& slot, TimestampMs moment, TimestampMs now);

  RuleServices services_;
  const RuleManagerOptions options_;
  std::atomic<bool> cancelled_{false};
  mutable std::mutex mutex_;  // of slots_ and all in them but the group of a busy one
  std::condition_variable changed_;
  std::vector<std::shared_ptr<Slot>> slots_;
  bool applying_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace trimtab
