// SPDX-License-Identifier: Apache-2.0
#include "analyze/work_pool.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace trimtab::analyze {
namespace {
constexpr std::size_t kTickEvery = 32;
constexpr std::size_t kThreadsMax = 256;
}  // namespace

std::size_t worker_count(int threads, std::size_t count) {
  const std::size_t wanted =
      threads > 0 ? static_cast<std::size_t>(threads) : std::max(1u, std::thread::hardware_concurrency());
  return std::clamp<std::size_t>(std::min(wanted, count), 1, kThreadsMax);
}

bool for_each_index(std::size_t count, int threads, const std::function<void(std::size_t, std::size_t)>& work,
                    const std::function<bool(std::size_t)>& tick) {
  std::atomic<std::size_t> next{0};
  std::atomic<std::size_t> done{0};
  std::atomic<bool> stopped{false};
  const auto run = [&](std::size_t worker) {
    for (std::size_t turn = 0; !stopped.load(std::memory_order_relaxed); ++turn) {
      if (worker == 0 && turn % kTickEvery == 0 && !tick(done.load(std::memory_order_relaxed))) {
        stopped.store(true, std::memory_order_relaxed);
        return;
      }
      const std::size_t index = next.fetch_add(1, std::memory_order_relaxed);
      if (index >= count) return;
      work(worker, index);
      done.fetch_add(1, std::memory_order_relaxed);
    }
  };
  {
    std::vector<std::jthread> helpers;
    const std::size_t workers = worker_count(threads, count);
    for (std::size_t worker = 1; worker < workers; ++worker) helpers.emplace_back(run, worker);
    run(0);
  }
  if (stopped.load()) return false;
  return tick(count);
}

}  // namespace trimtab::analyze
