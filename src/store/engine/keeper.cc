// SPDX-License-Identifier: Apache-2.0
#include "store/engine/keeper.h"

#include <fmt/format.h>

#include <vector>

#include "base/format.h"

namespace trimtab::embedded {

void Keeper::watch_space() {
  const auto free = free_bytes_(core_.options.directory);
  if (!free) {
    core_.logger.warn("free space is unknown", {{"error", free.error().message()}});
    return;
  }
  core_.metrics.free_bytes.set(static_cast<double>(*free));
  const std::uint64_t floor = core_.options.free_bytes_min;
  if (*free < floor) {
    const bool was_open = core_.gate.is_open();
    core_.gate.refuse_full(fmt::format("disk full: {} free, floor {}",
                                       format_bytes(static_cast<double>(*free)),
                                       format_bytes(static_cast<double>(floor))));
    if (was_open) core_.logger.error("writes are refused", {{"reason", core_.gate.refusal()}});
    return;
  }
  if (core_.gate.is_open()) {
    (void)core_.database->arm_resume();  // should it fail, the next write finds out
    return;
  }
  if (core_.gate.is_failed()) {
    const std::lock_guard lock(core_.append_mutex);
    if (Status status = core_.database->resume(); !status) {
      core_.logger.warn("writes stay refused", {{"error", status.error().message()}});
      return;
    }
    if (Status status = core_.syncs.sync_pending(); !status) return;
  }
  core_.gate.reopen();
  if (core_.gate.is_open()) core_.logger.info("writes are taken again", {{"free_bytes", *free}});
}

// Two looks without a write in between: the raw buffer is packed away. Data stays in the head: a
// chunk of few samples would cost more than it frees.
Status Keeper::tend_idle_heads() {
  constexpr std::uint32_t kStepHeads = 1024;
  for (std::uint32_t from = 0; from < core_.heads.size(); from += kStepHeads) {
    const std::lock_guard lock(core_.append_mutex);
    for (std::uint32_t id = from; id < std::min(from + kStepHeads, core_.heads.size()); ++id) {
      Head& head = core_.heads.at(id);
      if (!head.alive()) continue;
      const HeadLock head_lock(head);
      if ((head.flags & Head::kTouched) != 0) {
        head.flags = static_cast<std::uint8_t>(head.flags & ~(Head::kTouched | Head::kIdle));
      } else if ((head.flags & Head::kIdle) == 0) {
        head.flags |= Head::kIdle;
        head_pack(head, core_.heads.memory());
      }
    }
  }
  return ok();
}

void Keeper::publish_gauges() {
  {
    const std::shared_lock lock(core_.index_mutex);
    core_.metrics.series.set(static_cast<double>(core_.index.alive_count()));
  }
  core_.metrics.journal_bytes.set(static_cast<double>(core_.journal_bytes.load(std::memory_order_relaxed)));
  core_.metrics.memory_bytes.set(static_cast<double>(core_.memory_bytes()));
  core_.metrics.writes_refused.set(core_.gate.is_open() ? 0 : 1);
  const auto evictions = static_cast<double>(core_.keys.evictions());
  core_.metrics.key_evictions.add(evictions - core_.metrics.key_evictions.value());
}

}  // namespace trimtab::embedded
