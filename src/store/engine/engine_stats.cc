// SPDX-License-Identifier: Apache-2.0
#include "store/codec/chunk_codec.h"
#include "store/engine/engine.h"
#include "store/engine/rocks_options.h"

namespace trimtab::embedded {

StoreStats Engine::stats() {
  StoreStats out;
  {
    const std::lock_guard lock(core_.append_mutex);
    out.samples = core_.totals.samples;
    out.chunks = core_.totals.chunks;
  }
  {
    const std::shared_lock lock(core_.index_mutex);
    out.series = core_.index.alive_count();
  }
  const std::uint32_t count = core_.heads.size();
  for (std::uint32_t id = 0; id < count; ++id) {
    Head& head = core_.heads.at(id);
    const HeadLock lock(head);
    if (!head.has_samples()) continue;
    out.samples += head_open_samples(head) + (head.late != nullptr ? head.late->size() : 0);
    out.oldest_ms = std::min(out.oldest_ms.value_or(head.oldest_ms), head.oldest_ms);
    out.newest_ms = std::max(out.newest_ms.value_or(head.newest_ms), head.newest_ms);
  }
  out.disk_bytes = core_.database->disk_bytes();
  out.memory_bytes = core_.memory_bytes();
  return out;
}

Result<std::uint64_t> Engine::remove(const Matchers& matchers, TimeRange range) {
  if (matchers.empty()) return invalid("deleting needs at least one matcher");
  TRY(core_.gate.check());
  const auto ids = TRY(select_ids(matchers, range, Reach::kTiers));
  return keeper_.remove(ids, range);
}

// With verify, every chunk is decoded; else its header alone. Corrupt ones are counted, not fatal.
Status Engine::inspect_chunks(bool verify, Inspection& out) {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  options.readahead_size = 2 << 20;
  const auto at = core_.database->iterate(Family::kChunks, options);
  SampleBuffer samples;
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    const std::string_view value = view(at->value());
    const auto header = decode_chunk_header(value);
    samples.clear();
    if (!header || (verify && !decode_chunk(value, samples))) {
      ++out.corrupt_chunks;
      continue;
    }
    out.chunk_samples += header->count;
    out.chunk_bytes += value.size();
  }
  if (at->status().IsCorruption()) {
    ++out.corrupt_chunks;  // a whole block: the rest behind it is not counted
    return ok();
  }
  return to_status(at->status(), "inspecting chunks");
}

Result<EmbeddedStore::Inspection> Engine::inspect(bool verify, std::size_t top) {
  Inspection out;
  out.stats = stats();
  out.format_version = kFormatVersion;
  out.journal_bytes = core_.journal_bytes;
  TRY(inspect_chunks(verify, out));
  const std::shared_lock lock(core_.index_mutex);
  out.index_bytes = core_.index.memory_bytes();
  for (const auto& entry : core_.index.cardinalities()) {
    if (out.top_labels.size() == top) break;
    out.top_labels.push_back({entry.name, entry.values, entry.series});
  }
  out.top_metrics = core_.index.top_values(kMetricName, top);
  return out;
}

}  // namespace trimtab::embedded
