// SPDX-License-Identifier: Apache-2.0
#include "store/engine/engine.h"

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

Result<std::uint64_t> Engine::remove(const Matchers& /*matchers*/, TimeRange /*range*/) {
  return fail(ErrorCode::kUnavailable, "deleting is not built yet");
}

Result<EmbeddedStore::Inspection> Engine::inspect(bool /*verify*/, std::size_t top) {
  Inspection out;
  out.stats = stats();
  out.format_version = kFormatVersion;
  {
    const std::lock_guard lock(core_.append_mutex);
    out.chunk_samples = core_.totals.samples;
    out.chunk_bytes = core_.totals.bytes;
  }
  out.journal_bytes = core_.journal_bytes;
  out.corrupt_chunks = core_.corrupt_chunks;
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
