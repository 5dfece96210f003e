// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "store/engine/chunk_list.h"
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

  // Makes one chunk, or a few full ones, of chunks that overlap or are small neighbours.
  enum class Which { kOverlapping, kAll };
  Status merge_chunks(Which which);
  // Samples in the range go; a series that holds nothing afterwards is forgotten. Ids sorted.
  Result<std::uint64_t> remove(std::span<const std::uint32_t> ids, TimeRange range);
  // Age first, then size: whole chunks go, oldest first.
  Status enforce_retention();

 private:
  Status merge_series(std::uint32_t series);
  Status remove_range(std::uint32_t series, TimeRange range);
  Status expire_chunks(std::uint32_t series, TimestampMs cutoff);
  Status settle_edges(std::uint32_t series, const std::vector<ListedChunk>& left);
  Status forget_series(std::span<const std::uint32_t> ids);
  Status drop_before(TimestampMs cutoff);
  Result<TimestampMs> cutoff_for_size(std::uint64_t excess_bytes);
  Status save_heads(std::uint32_t from, std::uint32_t to);

  Core& core_;
  Writer& writer_;
  const FreeBytes free_bytes_;
};

}  // namespace trimtab::embedded
