// SPDX-License-Identifier: Apache-2.0
#include "store/engine/sync_group.h"

namespace trimtab::embedded {

std::uint64_t SyncGroup::wrote() {
  const std::lock_guard lock(mutex_);
  return ++written_;
}

Status SyncGroup::wait(std::uint64_t ticket) {
  std::unique_lock lock(mutex_);
  while (synced_ < ticket) {
    if (busy_) {
      done_.wait(lock);
      continue;
    }
    busy_ = true;
    const std::uint64_t upto = written_;
    lock.unlock();
    const Status status = sync_();
    lock.lock();
    busy_ = false;
    done_.notify_all();
    // Those who still wait try for themselves: each learns of the failure.
    if (!status) return status;
    synced_ = std::max(synced_, upto);
  }
  return ok();
}

Status SyncGroup::sync_pending() {
  std::uint64_t ticket = 0;
  {
    const std::lock_guard lock(mutex_);
    ticket = written_;
  }
  return wait(ticket);
}

}  // namespace trimtab::embedded
