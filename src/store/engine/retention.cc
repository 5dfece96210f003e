// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/time.h"
#include "store/codec/chunk_codec.h"
#include "store/engine/chunk_runs.h"
#include "store/engine/keeper.h"
#include "store/engine/rocks_options.h"
#include "store/engine/tiers.h"

namespace trimtab::embedded {

// Chunks that end before the cutoff become buckets of the tiers. Requires: maintenance_mutex,
// append_mutex. A chunk that does not decode goes without: it held nothing that could be read.
Status Keeper::expire_chunks(std::uint32_t series, TimestampMs cutoff) {
  Head& head = core_.heads.at(series);
  if (head.newest_ms < cutoff) TRY(writer_.seal_locked({&series, 1}, Writer::Part::kAll));
  auto left = TRY(list_chunks(core_, series));
  const auto split = std::stable_partition(left.begin(), left.end(),
                                           [&](const ListedChunk& chunk) { return chunk.end_ms >= cutoff; });
  std::vector<ListedChunk> expired(split, left.end());
  left.erase(split, left.end());
  std::sort(expired.begin(), expired.end(),
            [](const ListedChunk& a, const ListedChunk& b) { return a.sequence < b.sequence; });
  rocksdb::WriteBatch batch;
  Totals totals = core_.totals;
  SampleBuffer samples;
  std::vector<std::size_t> starts;
  for (const ListedChunk& chunk : expired) {
    starts.push_back(samples.size());
    if (Status status = load_chunk(core_, series, chunk, samples); !status) {
      core_.metrics.corrupt_chunks.add();
      core_.logger.warn("a chunk expires unread", {{"series", series}, {"error", status.error().message()}});
    }
    delete_chunk(core_, batch, series, chunk, totals);
  }
  merge_runs(samples, starts);
  if (samples.size() != 0) TRY(add_to_tiers(core_, batch, series, samples));
  TRY(expire_tiers(core_, batch, series));
  if (batch.Count() == 0) return ok();
  {
    const HeadLock lock(head);
    head.flags |= Head::kDirty | (samples.size() != 0 ? Head::kTiered : 0);
  }
  TRY(core_.write_chunks(batch, totals));
  core_.metrics.chunks_expired.add(static_cast<double>(expired.size()));
  return settle_edges(series, left);
}

// A series whose newest sample is older than all tiers reach is forgotten. Raw reads hide samples
// before the age cutoff at once, so a chunk across it may wait for its end.
Status Keeper::drop_before(TimestampMs cutoff) {
  const std::lock_guard maintenance(core_.maintenance_mutex);
  TRY(writer_.write_pending());
  const TimestampMs forgotten = core_.options.retention_age_ms > 0
                                    ? core_.clock.now_ms() -
                                          kTiers.back().ages_kept * core_.options.retention_age_ms -
                                          kTiers.back().block_ms
                                    : std::numeric_limits<TimestampMs>::min();
  for (std::uint32_t id = 0; id < core_.heads.size(); ++id) {
    if (core_.closing.load(std::memory_order_relaxed)) return ok();
    const std::lock_guard lock(core_.append_mutex);
    TRY(core_.gate.check());
    const Head& head = core_.heads.at(id);
    if (!head.alive() || !head.has_samples() || head.oldest_ms >= cutoff) continue;
    if (Status status = head.newest_ms < forgotten ? forget_series({&id, 1}) : expire_chunks(id, cutoff);
        !status) {
      if (status.error().code() != ErrorCode::kCorrupt) return status;
      core_.logger.warn("retention passes over a series",
                        {{"series", id}, {"error", status.error().message()}});
    }
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
  if (limit == 0 || core_.closing.load(std::memory_order_relaxed)) return ok();
  const std::uint64_t used = core_.database->disk_bytes();
  if (used <= limit) return ok();
  // A tenth below the bound, so that this does not run again at once.
  const TimestampMs cutoff = TRY(cutoff_for_size(used - limit + limit / 10));
  if (cutoff == kTimestampMin) return ok();
  core_.logger.info("history over the size bound goes",
                    {{"bytes", used}, {"bound", limit}, {"before", format_timestamp(cutoff)}});
  TRY(drop_before(cutoff));
  if (core_.closing.load(std::memory_order_relaxed)) return ok();
  return core_.database->compact(Family::kChunks);
}

}  // namespace trimtab::embedded
