// SPDX-License-Identifier: Apache-2.0
#include "server/change_loop.h"

#include <chrono>

namespace trimtab {

void ChangeLoop::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (const Status moved = runner_.tick(); !moved) {
        logger_.error("changes could not be moved on", {{"error", moved.error().message()}});
      }
      std::unique_lock lock(mutex_);
      wakes_.wait_for(lock, std::chrono::milliseconds(kTickMs), [&] { return stop.stop_requested(); });
    }
  });
}

void ChangeLoop::stop() {
  thread_.request_stop();
  {
    const std::lock_guard lock(mutex_);
    wakes_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  runner_.stop();
}

}  // namespace trimtab
