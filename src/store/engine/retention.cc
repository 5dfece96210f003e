// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/time.h"
#include "store/codec/chunk_codec.h"
#include "store/engine/keeper.h"
#include "store/engine/rocks_options.h"

namespace trimtab::embedded {

// Chunks that end before the cutoff go; a series that holds nothing newer is forgotten with what is
// open in its head. Reads hide samples before the age cutoff at once, so a chunk across it may wait.
Status Keeper::drop_before(TimestampMs cutoff) {
  const std::lock_guard maintenance(core_.maintenance_mutex);
  TRY(writer_.write_pending());
  const std::uint64_t chunks_before = core_.totals.chunks;
  for (std::uint32_t id = 0; id < core_.heads.size(); ++id) {
    const std::lock_guard lock(core_.append_mutex);
    TRY(core_.gate.check());
    const Head& head = core_.heads.at(id);
    if (!head.alive() || !head.has_samples() || head.oldest_ms >= cutoff) continue;
    if (head.newest_ms < cutoff) {
      TRY(forget_series({&id, 1}));
      continue;
    }
    if (Status status = remove_range(id, {kTimestampMin, cutoff - 1}, true); !status) {
      if (status.error().code() != ErrorCode::kCorrupt) return status;
      core_.logger.warn("retention passes over a series",
                        {{"series", id}, {"error", status.error().message()}});
    }
  }
  const std::lock_guard lock(core_.append_mutex);
  if (core_.totals.chunks < chunks_before) {
    core_.metrics.chunks_expired.add(static_cast<double>(chunks_before - core_.totals.chunks));
  }
  return ok();
}

// The time before which chunks hold at least so many bytes. One pass over all chunk headers into a
// histogram of time, so the answer is as fine as 1/4096 of the whole history.
Result<TimestampMs> Keeper::cutoff_for_size(std::uint64_t excess_bytes) {
  constexpr std::size_t kBuckets = 4096;
  TimestampMs oldest = kTimestampMax;
  TimestampMs newest = kTimestampMin;
  for (std::uint32_t id = 0; id < core_.heads.size(); ++id) {
    Head& head = core_.heads.at(id);
    const HeadLock lock(head);
    if (!head.has_samples()) continue;
    oldest = std::min(oldest, head.oldest_ms);
    newest = std::max(newest, head.newest_ms);
  }
  if (oldest > newest) return kTimestampMin;
  const DurationMs width = (newest - oldest) / static_cast<DurationMs>(kBuckets) + 1;
  std::vector<std::uint64_t> bytes_ending(kBuckets, 0);
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  options.readahead_size = 2 << 20;
  const auto at = core_.database->iterate(Family::kChunks, options);
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    const auto header = decode_chunk_header(view(at->value()));
    if (!header) continue;
    const auto bucket = std::clamp<std::int64_t>((header->last_ms - oldest) / width, 0, kBuckets - 1);
    bytes_ending[static_cast<std::size_t>(bucket)] += at->value().size();
  }
  TRY(to_status(at->status(), "measuring chunks"));
  std::uint64_t bytes = 0;
  std::size_t bucket = 0;
  while (bucket + 1 < kBuckets && bytes < excess_bytes) bytes += bytes_ending[bucket++];
  return oldest + static_cast<DurationMs>(bucket) * width;
}

Status Keeper::enforce_retention() {
  if (const TimestampMs cutoff = core_.retention_cutoff(); cutoff > kTimestampMin) TRY(drop_before(cutoff));
  const std::uint64_t limit = core_.options.retention_bytes;
  if (limit == 0) return ok();
  const std::uint64_t used = core_.database->disk_bytes();
  if (used <= limit) return ok();
  // A tenth below the bound, so that this does not run again at once.
  const TimestampMs cutoff = TRY(cutoff_for_size(used - limit + limit / 10));
  if (cutoff == kTimestampMin) return ok();
  core_.logger.info("history over the size bound goes",
                    {{"bytes", used}, {"bound", limit}, {"before", format_timestamp(cutoff)}});
  TRY(drop_before(cutoff));
  return core_.database->compact(Family::kChunks);
}

}  // namespace trimtab::embedded
