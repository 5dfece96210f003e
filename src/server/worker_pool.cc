// SPDX-License-Identifier: Apache-2.0
#include "server/worker_pool.h"

#include <algorithm>

namespace trimtab {

WorkerPool::WorkerPool(std::string_view name, int threads, std::size_t queue_max, Metrics& metrics)
    : queue_max_(queue_max),
      refused_(metrics.counter("trimtab_worker_refused_total",
                               "Requests refused because the queue of the pool was full.",
                               {{"pool", std::string(name)}})) {
  for (int i = 0; i < std::max(1, threads); ++i) threads_.emplace_back([this] { work_loop(); });
}

bool WorkerPool::try_run(std::function<void()> work) { return enqueue(std::move(work), true); }
bool WorkerPool::run_next(std::function<void()> work) { return enqueue(std::move(work), false); }

bool WorkerPool::enqueue(std::function<void()> work, bool bounded) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || (bounded && queue_.size() >= queue_max_)) {
      refused_.add();
      return false;
    }
    queue_.push_back(std::move(work));
  }
  wake_.notify_one();
  return true;
}

void WorkerPool::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  threads_.clear();
}

void WorkerPool::work_loop() {
  while (true) {
    std::function<void()> work;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    work();
  }
}

}  // namespace trimtab
