// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "store/codec/chunk_codec.h"
#include "store/engine/chunk_runs.h"
#include "store/engine/keys.h"
#include "store/engine/rocks_options.h"
#include "store/engine/writer.h"

namespace trimtab::embedded {
namespace {

constexpr std::size_t kSealBatchBytes = 4 << 20;  // of chunk bytes per atomic write

// The samples that leave the head. Late ones inside the open range go with it, so that a chunk never
// stands over a later write to the same time.
bool collect(const Head& head, Writer::Part part, SampleBuffer& open, SampleBuffer& late, SealedHead& note) {
  open.clear();
  late.clear();
  bool with_open = part != Writer::Part::kLate && head.has_open();
  const bool with_late = part != Writer::Part::kOpen && head.late != nullptr;
  if (!with_open && !with_late) return false;
  if (with_late && head.has_open() && head.late->back().timestamp_ms >= head_start(head)) with_open = true;

  const TimestampMs start = with_open ? head_start(head) : std::numeric_limits<TimestampMs>::max();
  note.open = with_open;
  note.late_from = with_late ? std::numeric_limits<TimestampMs>::min() : start;
  SampleBuffer inside;
  if (head.late != nullptr) {
    for (const LateSample& sample : *head.late) {
      SampleBuffer* const to = sample.timestamp_ms >= start ? &inside : with_late ? &late : nullptr;
      if (to == nullptr) continue;
      to->timestamps_ms.push_back(sample.timestamp_ms);
      to->values.push_back(sample.value);
    }
  }
  if (with_open) {
    if (!head_copy(head, open)) return false;  // our own memory; decode can not fail
    if (inside.size() != 0) merge_over(open, inside);
  }
  note.overlap = late.size() != 0;
  return true;
}

}  // namespace

Status Writer::seal(std::span<const std::uint32_t> ids, Part part) {
  const std::lock_guard lock(core_.append_mutex);
  TRY(core_.gate.check());
  return seal_locked(ids, part);
}

Status Writer::seal_locked(std::span<const std::uint32_t> ids, Part part) {
  while (!ids.empty()) {
    std::size_t taken = 0;
    TRY(seal_some(ids, part, taken));
    ids = ids.subspan(taken);
  }
  return ok();
}

// Chunks, the note in the journal and the new totals in one atomic write; then the heads let go.
Status Writer::seal_some(std::span<const std::uint32_t> ids, Part part, std::size_t& taken) {
  rocksdb::WriteBatch batch;
  Totals totals = core_.totals;
  std::vector<SealedHead> notes;
  SampleBuffer open;
  SampleBuffer late;
  for (taken = 0; taken < ids.size() && batch.GetDataSize() < kSealBatchBytes; ++taken) {
    const std::uint32_t id = ids[taken];
    SealedHead note;
    note.series = id;
    if (!collect(core_.heads.at(id), part, open, late, note)) continue;
    for (const SampleBuffer* samples : {&late, &open}) {
      if (samples->size() == 0) continue;
      note.span_s = std::max(note.span_s, put_chunks(*core_.database, batch, id, *samples, totals));
    }
    notes.push_back(note);
  }
  if (notes.empty()) return ok();
  std::string entry;
  encode_journal_sealed(notes, entry);
  batch.Put(core_.database->family(Family::kJournal), slice(view(journal_key(core_.journal_next))), entry);
  batch.Put(core_.database->family(Family::kMeta), slice(kTotalsKey), totals.save());
  ++core_.journal_next;
  if (Status status = core_.database->write(batch); !status) {
    core_.write_failed(status.error());
    return status;
  }
  core_.syncs.wrote();
  core_.journal_bytes.fetch_add(entry.size(), std::memory_order_relaxed);
  core_.metrics.chunks_sealed.add(static_cast<double>(totals.chunks - core_.totals.chunks));
  core_.totals = totals;
  core_.seal_epoch.fetch_add(1, std::memory_order_release);
  for (const SealedHead& note : notes) {
    Head& head = core_.heads.at(note.series);
    const HeadLock lock(head);
    if (note.open) head_clear_open(head, core_.heads.memory());
    head_clear_late(head, note.late_from, core_.heads.memory());
    head.chunk_span_s = std::max(head.chunk_span_s, note.span_s);
    head.flags = static_cast<std::uint8_t>(head.flags | Head::kDirty | (note.overlap ? Head::kOverlap : 0));
  }
  return ok();
}

}  // namespace trimtab::embedded
