// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>

#include "base/result.h"

namespace trimtab::embedded {

// One fsync for many writers. A writer notes its write and may wait until some fsync that began later
// has ended; the first to wait does the fsync for all. Thread-safe.
class SyncGroup {
 public:
  explicit SyncGroup(std::function<Status()> sync) : sync_(std::move(sync)) {}

  std::uint64_t wrote();              // a write reached the kernel; its ticket
  Status wait(std::uint64_t ticket);  // returns when that write is on the disk
  Status sync_pending();              // fsync if anything was written since the last one

 private:
  const std::function<Status()> sync_;
  std::mutex mutex_;
  std::condition_variable done_;
  std::uint64_t written_ = 0;
  std::uint64_t synced_ = 0;
  bool busy_ = false;
};

}  // namespace trimtab::embedded
