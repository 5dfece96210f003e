// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "store/store.h"

namespace trimtab {

// Puts our own metrics into our own store, as job="trimtab": we watch ourselves like everything else.
// Threads: one of its own between start() and stop(); collect() is for tests and may not meet it.
class SelfScrape {
 public:
  SelfScrape(const Metrics& metrics, Store& store, std::string instance, const Clock& clock, Logger& logger,
             DurationMs interval_ms)
      : metrics_(metrics),
        store_(store),
        instance_(std::move(instance)),
        clock_(clock),
        logger_(logger),
        interval_ms_(interval_ms) {}
  ~SelfScrape() { stop(); }

  void start();  // nothing with an interval of 0
  void stop();
  Status collect();

 private:
  void loop(const std::stop_token& stop);

  const Metrics& metrics_;
  Store& store_;
  const std::string instance_;
  const Clock& clock_;
  Logger& logger_;
  const DurationMs interval_ms_;
  std::unordered_map<std::string, SeriesId> known_;  // by the text that spells the series
  std::mutex mutex_;
  std::condition_variable wake_;
  std::jthread thread_;
};

}  // namespace trimtab
