// SPDX-License-Identifier: Apache-2.0
#include "store/engine/chunk_list.h"

#include "store/codec/chunk_codec.h"
#include "store/engine/rocks_options.h"

namespace trimtab::embedded {

Result<std::vector<ListedChunk>> list_chunks(Core& core, std::uint32_t series) {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  const auto at = core.database->iterate(Family::kChunks, options);
  std::vector<ListedChunk> out;
  const SeriesKey prefix = series_key(series);
  for (at->Seek(slice(view(prefix))); at->Valid(); at->Next()) {
    const auto place = parse_chunk_key(view(at->key()));
    if (!place || place->series != series) break;
    const auto header = decode_chunk_header(view(at->value()));
    if (!header) {
      core.metrics.corrupt_chunks.add();
      continue;
    }
    out.push_back({place->sequence, place->start_ms, header->last_ms, header->count, at->value().size()});
  }
  TRY(to_status(at->status(), "listing chunks"));
  return out;
}

Status load_chunk(Core& core, std::uint32_t series, const ListedChunk& chunk, SampleBuffer& out) {
  const ChunkKey key = chunk_key(series, chunk.start_ms, chunk.sequence);
  const std::string value = TRY(core.database->get(Family::kChunks, view(key)));
  return decode_chunk(value, out);
}

void delete_chunk(Core& core, rocksdb::WriteBatch& batch, std::uint32_t series, const ListedChunk& chunk,
                  Totals& totals) {
  const ChunkKey key = chunk_key(series, chunk.start_ms, chunk.sequence);
  batch.Delete(core.database->family(Family::kChunks), slice(view(key)));
  --totals.chunks;
  totals.samples -= chunk.samples;
  totals.bytes -= chunk.bytes;
}

}  // namespace trimtab::embedded
