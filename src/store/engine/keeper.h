// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <mutex>

#include "store/engine/core.h"
#include "store/engine/writer.h"

namespace trimtab::embedded {

// Upkeep that no request waits for. Thread-safe: tasks that change chunks run one at a time under
// maintenance_mutex and take append_mutex only in short steps.
class Keeper {
 public:
  Keeper(Core& core, Writer& writer, FreeBytes free_bytes)
      : core_(core), writer_(writer), free_bytes_(std::move(free_bytes)) {}

  // Closes the gate below the floor, opens it again when space is back and RocksDB could be resumed.
  void watch_space();
  // Writes every changed head to `heads`, then drops the journal up to where that began.
  Status checkpoint();
  bool checkpoint_due() const {
    return core_.journal_bytes.load(std::memory_order_relaxed) >= core_.limits.checkpoint_journal_bytes;
  }
  // Seals or packs heads that nobody writes to any more.
  Status tend_idle_heads();
  void publish_gauges();

 private:
  Status save_heads(std::uint32_t from, std::uint32_t to);

  Core& core_;
  Writer& writer_;
  const FreeBytes free_bytes_;
};

}  // namespace trimtab::embedded
