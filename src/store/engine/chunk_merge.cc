// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "store/engine/chunk_list.h"
#include "store/engine/chunk_runs.h"
#include "store/engine/keeper.h"
#include "store/engine/rocks_options.h"

namespace trimtab::embedded {
namespace {

constexpr std::uint64_t kMergeSamplesMax = 4 << 20;  // of one cluster; larger ones stay as they are

// Neighbours [from, to) in order of start that overlap one another, or that are small and adjacent.
struct Cluster {
  std::size_t from = 0;
  std::size_t to = 0;
  std::uint64_t samples = 0;
};

std::vector<Cluster> find_clusters(const std::vector<ListedChunk>& chunks) {
  std::vector<Cluster> out;
  TimestampMs end = kTimestampMin;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const ListedChunk& chunk = chunks[i];
    const bool overlaps = !out.empty() && chunk.start_ms <= end;
    const bool small = !out.empty() &&
                       (out.back().samples < kSealSamplesMin || chunk.samples < kSealSamplesMin) &&
                       out.back().samples + chunk.samples <= kSealSamplesMax;
    if (overlaps || small) {
      out.back().to = i + 1;
      out.back().samples += chunk.samples;
      end = std::max(end, chunk.end_ms);
    } else {
      out.push_back({i, i + 1, chunk.samples});
      end = chunk.end_ms;
    }
  }
  std::erase_if(out, [](const Cluster& cluster) {
    return cluster.to - cluster.from < 2 || cluster.samples > kMergeSamplesMax;
  });
  return out;
}

}  // namespace

// A cluster is merged whole, under the highest sequence in it: a chunk that stays outside and was
// written before could otherwise win or lose wrongly. What is sealed meanwhile has a higher sequence.
Status Keeper::merge_series(std::uint32_t series) {
  const auto chunks = TRY(list_chunks(core_, series));
  for (const Cluster& cluster : find_clusters(chunks)) {
    std::vector<ListedChunk> parts(chunks.begin() + static_cast<std::ptrdiff_t>(cluster.from),
                                   chunks.begin() + static_cast<std::ptrdiff_t>(cluster.to));
    std::sort(parts.begin(), parts.end(),
              [](const ListedChunk& a, const ListedChunk& b) { return a.sequence < b.sequence; });
    SampleBuffer samples;
    std::vector<std::size_t> starts;
    for (const ListedChunk& part : parts) {
      starts.push_back(samples.size());
      TRY(load_chunk(core_, series, part, samples));
    }
    merge_runs(samples, starts);

    const std::lock_guard lock(core_.append_mutex);
    TRY(core_.gate.check());
    rocksdb::WriteBatch batch;
    Totals totals = core_.totals;
    for (const ListedChunk& part : parts) delete_chunk(core_, batch, series, part, totals);
    const std::uint32_t span_s =
        put_chunks(*core_.database, batch, series, samples, totals, parts.back().sequence);
    TRY(core_.write_chunks(batch, totals));
    core_.metrics.chunks_merged.add(static_cast<double>(parts.size()));
    Head& head = core_.heads.at(series);
    const HeadLock head_lock(head);
    head.chunk_span_s = std::max(head.chunk_span_s, span_s);
    head.flags |= Head::kDirty;
  }
  return ok();
}

Status Keeper::merge_chunks(Which which) {
  const std::lock_guard maintenance(core_.maintenance_mutex);
  for (std::uint32_t id = 0; id < core_.heads.size(); ++id) {
    if (core_.closing.load(std::memory_order_relaxed)) return ok();
    {
      const std::lock_guard lock(core_.append_mutex);
      Head& head = core_.heads.at(id);
      if (!head.alive() || (which == Which::kOverlapping && (head.flags & Head::kOverlap) == 0)) continue;
      const HeadLock head_lock(head);
      head.flags = static_cast<std::uint8_t>((head.flags & ~Head::kOverlap) | Head::kDirty);
    }
    if (Status status = merge_series(id); !status) {
      {
        const std::lock_guard lock(core_.append_mutex);
        const HeadLock head_lock(core_.heads.at(id));
        core_.heads.at(id).flags |= Head::kOverlap;
      }
      // One damaged chunk must not keep the other series from being tended.
      if (status.error().code() != ErrorCode::kCorrupt) return status;
      core_.logger.warn("chunks of a series can not be merged",
                        {{"series", id}, {"error", status.error().message()}});
    }
  }
  return ok();
}

}  // namespace trimtab::embedded
