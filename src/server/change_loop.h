// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "act/change_runner.h"
#include "base/log.h"

namespace trimtab {

// Moves changes on, once a second, on a thread of its own.
class ChangeLoop {
 public:
  ChangeLoop(act::ChangeRunner& runner, Logger& logger) : runner_(runner), logger_(logger) {}
  ~ChangeLoop() { stop(); }
  void start();
  void stop();  // idempotent; what is unfinished goes on after the next start

  static constexpr DurationMs kTickMs = kSecondMs;

 private:
  act::ChangeRunner& runner_;
  Logger& logger_;
  std::mutex mutex_;
  std::condition_variable wakes_;
  std::jthread thread_;
};

}  // namespace trimtab
