// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "advise/advisor.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "ledger/ledger.h"
#include "query/querier.h"
#include "server/knowledge.h"

namespace trimtab {

// One advisor and the target it looks at.
struct AdvisorAtWork {
  std::string target;  // "postgresql/main"; "" = the estate
  std::unique_ptr<advise::Advisor> advisor;
};

// Asks every advisor at an interval and on demand, and leaves what they say in the ledger. What an advisor
// could not find out changes nothing of what it said before. One round at a time; who asks while one runs
// gets the result of that round. Threads: one of its own, started by start().
class AdviceSchedule {
 public:
  AdviceSchedule(std::vector<AdvisorAtWork> advisors, promql::Querier& querier, Ledger& ledger,
                 const KnowledgeKeeper& knowledge, const Clock& clock, Metrics& metrics, Logger& logger,
                 DurationMs interval_ms);
  ~AdviceSchedule() { stop(); }

  void start();                         // interval 0: only on demand
  void cancel() { cancelled_ = true; }  // rounds end soon, with kCancelled; waits for nothing
  void stop();                          // cancel(), then the thread ends; idempotent

  struct Round {
    std::size_t advisors = 0;
    std::vector<std::string> problems;  // "postgresql.index at postgresql/main: connection refused"
  };
  Result<Round> run_now();

  static constexpr std::size_t kFindingsMax = 1'000;  // of those advisors are told

 private:
  Result<Round> run_round();
  void loop(const std::stop_token& stop);

  std::vector<AdvisorAtWork> advisors_;
  promql::Querier& querier_;
  Ledger& ledger_;
  const KnowledgeKeeper& knowledge_;
  const Clock& clock_;
  Logger& logger_;
  const DurationMs interval_ms_;
  Histogram& seconds_;
  Counter& rounds_;
  Counter& failures_;
  std::atomic<bool> cancelled_{false};

  std::mutex mutex_;
  std::condition_variable changed_;
  bool running_ = false;
  std::uint64_t finished_ = 0;
  Result<Round> last_;
  std::jthread thread_;
};

}  // namespace trimtab
