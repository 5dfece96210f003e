// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "advise/advisor.h"
#include "advise/postgresql/workload.h"
#include "targets/target.h"

namespace trimtab::advise::postgresql {

// One client session, as pg_stat_activity shows it.
struct SessionFacts {
  std::int64_t pid = 0;
  std::string user;
  std::string application;
  std::string state;
  double state_seconds = 0;        // since it is in this state
  double transaction_seconds = 0;  // 0: none open
  bool waits_for_lock = false;
  std::vector<std::int64_t> blocked_by;
};

// A session that waits for nobody and holds others up.
struct LockChain {
  SessionFacts root;
  std::size_t waiting = 0;     // directly or through others
  double longest_seconds = 0;  // of those that wait, in their present state
};

// Who is at the head of each queue of waiting sessions; most waiting first, ties by pid. Pure.
std::vector<LockChain> lock_chains(const std::vector<SessionFacts>& sessions);

// Connections that `active` sessions busy on average need, so that a statement finds one free 999 times in
// 1,000: by Little's law active = calls a second x mean time, and in a system without queue the number busy
// is Poisson distributed about it, whatever the distribution of the times (M/G/infinity); its 99.9 % point,
// by the normal approximation, and one more. Assumes that calls come independently: bursts need more.
double pool_size(double active);

inline constexpr double kIdleInTransactionSeconds = 300;
inline constexpr double kLockWaitSeconds = 30;
inline constexpr double kSessionsMany = 20;  // fewer are no trouble
inline constexpr double kPoolExcessMin = 4;  // sessions to what pool_size says
inline constexpr std::size_t kSessionsMax = 2000;

// "postgresql.sessions": sessions idle in a transaction, chains of locks, far more connections than work. One
// for each target.
std::unique_ptr<Advisor> create_sessions_advisor(Target target, DurationMs window_min_ms = kWindowMinMs);

}  // namespace trimtab::advise::postgresql
