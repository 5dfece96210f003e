// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "store/engine/bytes.h"
#include "store/engine/chunk_list.h"
#include "store/engine/chunk_runs.h"
#include "store/engine/keeper.h"
#include "store/engine/rocks_options.h"
#include "store/engine/tiers.h"

namespace trimtab::embedded {
namespace {

// Without the samples in `range`.
SampleBuffer cut_out(const SampleBuffer& samples, TimeRange range, bool before) {
  SampleBuffer out;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const TimestampMs t = samples.timestamps_ms[i];
    if (before ? t >= range.from : t <= range.to) continue;
    out.timestamps_ms.push_back(t);
    out.values.push_back(samples.values[i]);
  }
  return out;
}

}  // namespace

// Requires: maintenance_mutex and append_mutex; the head is sealed. Chunks inside the range go, those
// across its ends are written again without it, under their own sequence.
Status Keeper::remove_range(std::uint32_t series, TimeRange range) {
  const auto chunks = TRY(list_chunks(core_, series));
  rocksdb::WriteBatch batch;
  Totals totals = core_.totals;
  std::vector<ListedChunk> left;
  for (const ListedChunk& chunk : chunks) {
    const bool outside = chunk.start_ms > range.to || chunk.end_ms < range.from;
    const bool inside = chunk.start_ms >= range.from && chunk.end_ms <= range.to;
    if (outside) {
      left.push_back(chunk);
      continue;
    }
    if (!inside) {
      SampleBuffer samples;
      TRY(load_chunk(core_, series, chunk, samples));
      delete_chunk(core_, batch, series, chunk, totals);
      for (const bool before : {true, false}) {
        const SampleBuffer rest = cut_out(samples, range, before);
        if (rest.size() == 0) continue;
        put_chunks(*core_.database, batch, series, rest, totals, chunk.sequence);
        left.push_back(
            {chunk.sequence, rest.timestamps_ms.front(), rest.timestamps_ms.back(), rest.size(), 0});
      }
    } else {
      delete_chunk(core_, batch, series, chunk, totals);
    }
  }
  bool no_tiers = true;
  Head& head = core_.heads.at(series);
  if ((head.flags & Head::kTiered) != 0) {
    TRY(cut_tiers(core_, batch, series, range, no_tiers));
    const HeadLock lock(head);
    if (no_tiers) head.flags = static_cast<std::uint8_t>((head.flags & ~Head::kTiered) | Head::kDirty);
  }
  if (batch.Count() != 0) TRY(core_.write_chunks(batch, totals));
  return settle_edges(series, left);
}

// After samples went: what is the oldest and the newest now? A series that holds nothing is forgotten.
Status Keeper::settle_edges(std::uint32_t series, const std::vector<ListedChunk>& left) {
  Head& head = core_.heads.at(series);
  const bool open = head.has_open() || head.late != nullptr;
  if (left.empty() && !open) {
    if ((head.flags & Head::kTiered) == 0) return forget_series({&series, 1});
    const HeadLock lock(head);
    head.oldest_ms = head.newest_ms;  // tiers only: a late copy of the newest sample is still known
    head.flags |= Head::kDirty;
    return ok();
  }
  TimestampMs oldest = std::numeric_limits<TimestampMs>::max();
  const ListedChunk* last = nullptr;
  for (const ListedChunk& chunk : left) {
    oldest = std::min(oldest, chunk.start_ms);
    const bool newer = last == nullptr || chunk.end_ms > last->end_ms ||
                       (chunk.end_ms == last->end_ms && chunk.sequence > last->sequence);
    if (newer) last = &chunk;
  }
  SampleBuffer samples;
  if (!open) TRY(load_chunk(core_, series, *last, samples));
  const HeadLock lock(head);
  if (head.has_open()) oldest = std::min(oldest, head_start(head));
  if (head.late != nullptr) oldest = std::min(oldest, head.late->front().timestamp_ms);
  head.oldest_ms = oldest;
  if (!open) {
    head.newest_ms = samples.timestamps_ms.back();
    head.newest_value = samples.values.back();
  }
  head.flags |= Head::kDirty;
  return ok();
}

// Requires: maintenance_mutex and append_mutex. Ids sorted.
Status Keeper::forget_series(std::span<const std::uint32_t> ids) {
  rocksdb::WriteBatch batch;
  Totals totals = core_.totals;
  for (const std::uint32_t id : ids) {
    const SeriesKey from = series_key(id);
    const SeriesKey to = series_key(id + 1);
    const auto chunks = TRY(list_chunks(core_, id));
    for (const ListedChunk& chunk : chunks) delete_chunk(core_, batch, id, chunk, totals);
    for (const Family family : {Family::kTier5m, Family::kTier1h}) {
      batch.DeleteRange(core_.database->family(family), slice(view(from)), slice(view(to)));
    }
    batch.Delete(core_.database->family(Family::kHeads), slice(view(from)));
    batch.Delete(core_.database->family(Family::kSeries), slice(view(from)));
  }
  std::string next;
  {
    const std::shared_lock lock(core_.index_mutex);
    put_varint(next, core_.series_next);
  }
  batch.Put(core_.database->family(Family::kMeta), slice(kSeriesNextKey), next);
  TRY(core_.write_chunks(batch, totals));
  {
    const std::unique_lock lock(core_.index_mutex);
    core_.index.remove(ids);
  }
  core_.keys.clear();
  for (const std::uint32_t id : ids) {
    Head& head = core_.heads.at(id);
    const HeadLock lock(head);
    head_release(head, core_.heads.memory());
    head.newest_ms = std::numeric_limits<TimestampMs>::min();
    head.oldest_ms = std::numeric_limits<TimestampMs>::max();
    head.flags = 0;
  }
  return ok();
}

Result<std::uint64_t> Keeper::remove(std::span<const std::uint32_t> ids, TimeRange range) {
  const std::lock_guard maintenance(core_.maintenance_mutex);
  TRY(writer_.write_pending());
  constexpr std::size_t kStepSeries = 16;  // under one hold of the append lock
  for (std::size_t from = 0; from < ids.size(); from += kStepSeries) {
    const auto step = ids.subspan(from, std::min(kStepSeries, ids.size() - from));
    const std::lock_guard lock(core_.append_mutex);
    TRY(core_.gate.check());
    TRY(writer_.seal_locked(step, Writer::Part::kAll));
    for (const std::uint32_t id : step) {
      if (core_.heads.at(id).alive()) TRY(remove_range(id, range));
    }
  }
  return ids.size();
}

}  // namespace trimtab::embedded
