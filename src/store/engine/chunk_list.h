// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "store/engine/core.h"
#include "store/engine/keys.h"

namespace trimtab::embedded {

// One stored chunk, by its header.
struct ListedChunk {
  std::uint64_t sequence = 0;
  TimestampMs start_ms = 0;
  TimestampMs end_ms = 0;
  std::uint64_t samples = 0;
  std::uint64_t bytes = 0;
};

// Every chunk of one series in order of start. A chunk whose header does not parse is left out and
// counted: maintenance never touches what it does not understand. Errors: kIo, kCorrupt (a file).
Result<std::vector<ListedChunk>> list_chunks(Core& core, std::uint32_t series);

// The samples of one chunk, appended. Errors: kCorrupt, kNotFound, kIo.
Status load_chunk(Core& core, std::uint32_t series, const ListedChunk& chunk, SampleBuffer& out);

// Takes a chunk away in `batch` and from `totals`.
void delete_chunk(Core& core, rocksdb::WriteBatch& batch, std::uint32_t series, const ListedChunk& chunk,
                  Totals& totals);

}  // namespace trimtab::embedded
