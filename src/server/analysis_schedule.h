// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "analyze/analyzer.h"
#include "analyze/memory.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "ledger/ledger.h"
#include "query/querier.h"
#include "server/knowledge.h"
#include "store/store.h"

namespace trimtab {

struct AnalysisScheduleOptions {
  DurationMs interval_ms = kMinuteMs;  // 0: only on demand
  DurationMs resolve_after_ms = 10 * kMinuteMs;
  AnalysisOptions analysis{};
};

// Judges the store at every interval and on demand, and leaves what it found in the ledger. One pass at
// a time: who asks while a pass runs waits for that pass. Threads: one of its own, started by start().
// What passes learn of each series is kept in the ledger's state kMemoryKey, at most every kMemorySaveMs and
// when it stops, so that a restart does not learn it again. A state that cannot be read is left out and told.
class AnalysisSchedule {
 public:
  AnalysisSchedule(Store& store, promql::Querier& querier, Ledger& ledger, const KnowledgeKeeper& knowledge,
                   const Clock& clock, Metrics& metrics, Logger& logger, AnalysisScheduleOptions options);
  ~AnalysisSchedule() { stop(); }

  // The first pass runs at once.
  void start();
  // Passes and looks at past moments end soon, with kCancelled, and no new ones begin. Waits for nothing:
  // called before anything that waits for them.
  void cancel() { cancelled_ = true; }
  // cancel(), then the thread ends. Idempotent.
  void stop();

  // One pass as of now, recorded. Errors: those of the analyzer and the ledger, kCancelled on stop.
  Result<AnalysisPass> run_now();
  // A pass as of any moment, not recorded. At most judgements_max at once, else kUnavailable.
  Result<AnalysisResult> judge(TimestampMs at);

  // Progress of the pass under way.
  struct Progress {
    bool running = false;
    std::uint64_t series_done = 0;
    std::uint64_t series_total = 0;
  };
  Progress progress() const;

  static constexpr int kJudgementsMax = 2;
  static constexpr const char* kMemoryKey = "analyze/learnt";
  static constexpr DurationMs kMemorySaveMs = 10 * kMinuteMs;

 private:
  Result<AnalysisPass> run_pass();
  Result<AnalysisResult> analyze(TimestampMs at, bool scheduled);
  void load_memory();
  void save_memory();
  void loop(const std::stop_token& stop);

  Store& store_;
  promql::Querier& querier_;
  Ledger& ledger_;
  const KnowledgeKeeper& knowledge_;
  const Clock& clock_;
  Metrics& metrics_;
  Logger& logger_;
  const AnalysisScheduleOptions options_;
  Histogram& seconds_;
  Counter& passes_;
  Counter& failures_;
  Gauge& last_success_;
  std::atomic<bool> cancelled_{false};
  std::atomic<std::uint64_t> series_done_{0};
  std::atomic<std::uint64_t> series_total_{0};
  std::atomic<int> judgements_{0};

  // Of scheduled passes alone, which run one at a time; past moments would only push out what is of use now.
  analyze::Memory memory_;
  bool memory_loaded_ = false;
  std::uint64_t memory_saved_revision_ = 0;
  std::int64_t memory_saved_ns_ = 0;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool running_ = false;
  std::uint64_t finished_ = 0;                // passes so far
  std::optional<Result<AnalysisPass>> last_;  // what the newest pass came to
  std::jthread thread_;
};

}  // namespace trimtab
