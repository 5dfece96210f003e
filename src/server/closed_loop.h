// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "act/change_runner.h"
#include "act/door/door.h"
#include "server/advice_schedule.h"
#include "server/change_loop.h"
#include "targets/target.h"

namespace trimtab {

// The machine that Trimtab runs on: the settings `host.*`.
struct OwnHost {
  bool collected = false;     // its metrics are; without them there is no advice
  bool act = false;           // its control groups may be changed
  std::string instance = {};  // label of its series
  DurationMs interval_ms = 5 * kSecondMs;
};
// What Action::target says of it, and where its control groups are.
inline constexpr std::string_view kOwnHostTarget = "linux/host";
inline constexpr std::string_view kControlGroupRoot = "/sys/fs/cgroup";

// Who advises about these targets and this machine.
std::vector<AdvisorAtWork> make_advisors(const std::vector<Target>& targets, const OwnHost& host,
                                         Metrics& metrics);
// Who can change them, by action type. Targets that may not be changed have no executor's ear.
void add_executors(act::Executors& executors, std::vector<Target> targets, const OwnHost& host);

// Advice, changes and their verification, wired over one ledger. Everything given outlives it.
class ClosedLoop {
 public:
  struct Parts {
    std::vector<Target> targets;
    std::vector<act::Door> doors;
    std::string doors_folder;  // see act::create_door_executor
    OwnHost host;
    act::Policy policy;
    DurationMs advice_interval_ms = kMinuteMs;
    std::string node;
    promql::Querier& querier;
    Ledger& ledger;
    const KnowledgeKeeper& knowledge;
    const Clock& clock;
    Metrics& metrics;
    Logger& logger;
  };
  explicit ClosedLoop(Parts parts);

  void start();
  void cancel() { advice_.cancel(); }  // advice ends soon; waits for nothing
  void stop();                         // idempotent
  AdviceSchedule& advice() { return advice_; }
  act::ChangeRunner& changes() { return changes_; }

 private:
  act::Executors executors_;
  AdviceSchedule advice_;
  act::ChangeRunner changes_;
  ChangeLoop loop_;
};

}  // namespace trimtab
