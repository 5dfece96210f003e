// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

#include "base/metrics.h"

namespace trimtab {

// Threads for work that would hold up an io thread: rendering a brief, an export, an import. The queue
// is bounded; at the bound new work is refused (counted) and the caller answers 503. Thread-safe.
class WorkerPool {
 public:
  // `name` is the label "pool" of its counter.
  WorkerPool(std::string_view name, int threads, std::size_t queue_max, Metrics& metrics);
  ~WorkerPool() { stop(); }

  // False at the bound and after stop().
  bool try_run(std::function<void()> work);
  // For the next piece of work already admitted: may pass the bound, since each admitted piece has at
  // most one next piece. False after stop().
  bool run_next(std::function<void()> work);
  // Finishes what is queued, takes no more, joins.
  void stop();

 private:
  bool enqueue(std::function<void()> work, bool bounded);
  void work_loop();

  const std::size_t queue_max_;
  Counter& refused_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  bool stopping_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace trimtab
