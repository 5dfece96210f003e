// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

#include "base/result.h"

namespace trimtab::embedded {

// Whether writes are taken, and if not, why. Thread-safe; check() is one atomic load while open.
//
//   open --floor crossed or ENOSPC--> full --space is back--> open
//   open --I/O error--> failed --RocksDB resumed--> open
//   any --close, failed fsync--> closed, until the store is opened again
class WriteGate {
 public:
  Status check() const;
  std::string refusal() const;  // "" while open
  bool is_open() const { return open_.load(std::memory_order_acquire); }
  bool is_failed() const;  // RocksDB itself needs to be resumed

  void refuse_full(std::string reason);
  void refuse_failed(std::string reason);
  void close(std::string reason);
  void reopen();  // no effect once closed

 private:
  enum class State { kOpen, kFull, kFailed, kClosed };
  void set(State state, std::string reason);

  mutable std::mutex mutex_;
  State state_ = State::kOpen;
  std::string reason_;
  std::atomic<bool> open_{true};
};

using FreeBytes = std::function<Result<std::uint64_t>(const std::string& directory)>;
Result<std::uint64_t> system_free_bytes(const std::string& directory);  // statvfs, what a user may take

}  // namespace trimtab::embedded
