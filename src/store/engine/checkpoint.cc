// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "store/engine/bytes.h"
#include "store/engine/keeper.h"
#include "store/engine/keys.h"
#include "store/engine/rocks_options.h"

namespace trimtab::embedded {
namespace {

constexpr std::uint32_t kStepHeads = 256;  // under one hold of the append lock: well below a millisecond

}  // namespace

// Each head is saved with the journal position it stands at; replay skips older entries for it. So
// heads may be saved at different moments, while writers go on between the steps.
Status Keeper::save_heads(std::uint32_t from, std::uint32_t to) {
  const std::lock_guard lock(core_.append_mutex);
  rocksdb::WriteBatch batch;
  std::string value;
  for (std::uint32_t id = from; id < to; ++id) {
    const Head& head = core_.heads.at(id);
    if (!head.alive() || (head.flags & Head::kDirty) == 0) continue;
    value.clear();
    put_varint(value, core_.journal_next);
    head_save(head, value);
    batch.Put(core_.database->family(Family::kHeads), slice(view(series_key(id))), value);
  }
  if (batch.Count() == 0) return ok();
  if (Status status = core_.database->write(batch); !status) {
    core_.write_failed(status.error());
    return status;
  }
  core_.syncs.wrote();
  for (std::uint32_t id = from; id < to; ++id) {
    Head& head = core_.heads.at(id);
    const HeadLock head_lock(head);
    head.flags = static_cast<std::uint8_t>(head.flags & ~Head::kDirty);
  }
  return ok();
}

Status Keeper::checkpoint() {
  const std::lock_guard maintenance(core_.maintenance_mutex);
  TRY(core_.gate.check());
  TRY(writer_.write_pending());
  std::uint64_t cut = 0;
  std::uint64_t bytes_before = 0;
  {
    const std::lock_guard lock(core_.append_mutex);
    cut = core_.journal_next;
    bytes_before = core_.journal_bytes.load(std::memory_order_relaxed);
  }
  for (std::uint32_t id = 0; id < core_.heads.size(); id += kStepHeads) {
    TRY(save_heads(id, std::min(id + kStepHeads, core_.heads.size())));
  }
  const std::lock_guard lock(core_.append_mutex);
  if (cut == core_.journal_first) return ok();
  std::string first;
  put_varint(first, cut);
  rocksdb::WriteBatch batch;
  batch.Put(core_.database->family(Family::kMeta), slice(kJournalFirstKey), first);
  batch.DeleteRange(core_.database->family(Family::kJournal), slice(view(journal_key(core_.journal_first))),
                    slice(view(journal_key(cut))));
  if (Status status = core_.database->write(batch); !status) {
    core_.write_failed(status.error());
    return status;
  }
  core_.syncs.wrote();
  core_.journal_first = cut;
  core_.journal_bytes.fetch_sub(bytes_before, std::memory_order_relaxed);
  core_.metrics.checkpoints.add();
  return ok();
}

}  // namespace trimtab::embedded
