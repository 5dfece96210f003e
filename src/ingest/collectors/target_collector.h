// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/rejects.h"
#include "ingest/collectors/collector_source.h"
#include "ingest/series_sink.h"
#include "store/store.h"
#include "targets/target.h"

namespace trimtab {

struct CollectorStatus {
  std::string name = {};  // "postgresql/main"
  bool up = false;
  std::string last_error = {};  // "" while up
  std::map<std::string, std::string, std::less<>> problems = {};
  TimestampMs last_round_ms = 0;  // 0: none yet
  double duration_seconds = 0;
  std::size_t series = 0;
};

// One target's rounds: asks its source every interval and stores the answer with the labels job (the kind)
// and instance, beside up, <kind>_up and scrape_duration_seconds. A target that does not answer is asked
// again after one interval, then two, four, ... at most kBackoffMaxMs; its series end meanwhile.
// Threads: one of its own between start() and stop(), so that a target that hangs holds up nobody else;
// collect() is for tests and may not meet a started one. status() is thread-safe.
class TargetCollector {
 public:
  struct Sinks {
    Store& store;
    Rejects& rejects;
    const Clock& clock;
    Metrics& metrics;
    Logger& logger;
    QueryTexts& query_texts;
  };
  // Makes the source; replaced in tests.
  using Factory = std::unique_ptr<CollectorSource> (*)(const Target&, const CollectorContext&);

  TargetCollector(Target target, const Sinks& sinks, Factory factory = &create_collector_source);
  ~TargetCollector();
  TargetCollector(const TargetCollector&) = delete;
  TargetCollector& operator=(const TargetCollector&) = delete;

  void start();
  void request_stop();  // returns at once; waits under way end soon
  void stop();          // idempotent; writes no stale markers: a restart is not an end
  // After stop(): the target is gone from the configuration, its series end now.
  void end();

  // One round now. Errors: the store refused the samples; a target that is down is none.
  Status collect();

  const Target& target() const { return target_; }
  CollectorStatus status() const;

  static constexpr DurationMs kBackoffMaxMs = 15 * kSecondMs;
  static constexpr std::size_t kSeriesMax = 20'000;  // of the rounds; and again of the slow ones

 private:
  void run();
  Status ask(TimestampMs now);
  Status store_round(TimestampMs now, const Status& answer, double seconds);
  void tell(const Status& answer);

  const Target target_;
  const std::string name_;
  const Clock& clock_;
  Logger& logger_;
  QueryTexts& query_texts_;
  Counter& rounds_;
  Counter& failures_;
  Counter& late_;
  Counter& cpu_seconds_;
  Gauge& series_;
  std::atomic<bool> cancelled_{false};
  SeriesSink sink_;
  SeriesSink slow_sink_;
  std::unique_ptr<CollectorSource> source_;
  TimestampMs slow_due_ms_ = 0;
  bool slow_live_ = false;
  Status slow_stored_;
  TimestampMs attempt_due_ms_ = 0;
  DurationMs backoff_ms_ = 0;
  Status last_answer_;
  std::string told_error_;
  std::map<std::string, std::string, std::less<>> told_problems_;

  mutable std::mutex mutex_;
  std::condition_variable wakes_;
  bool stopping_ = false;
  CollectorStatus status_;
  std::thread thread_;
};

}  // namespace trimtab
