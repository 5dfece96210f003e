// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "store/engine/core.h"

namespace rocksdb {
class Iterator;
}

namespace trimtab::embedded {

// Reads the samples of one series after another: chunks from RocksDB with what is still in the head
// over them. Keeps one RocksDB iterator and renews it only when chunks changed since, so that a scan
// in rising order of series mostly steps forward. Confined to one thread at a time. Must be gone
// before the store closes.
class ChunkReader {
 public:
  explicit ChunkReader(Core& core);
  ~ChunkReader();

  // Replaces `out`. `decoded` grows by the samples that were decoded, in range or not.
  // Errors: kCorrupt names series and chunk; kIo.
  Status read(std::uint32_t series, TimeRange range, SampleBuffer& out, std::uint64_t& decoded);

 private:
  bool copy_head(std::uint32_t series, TimeRange range, std::uint32_t& span_s);
  void renew();
  void position(std::uint32_t series, TimestampMs from);
  Status read_chunks(std::uint32_t series, TimeRange range, SampleBuffer& out, std::uint64_t& decoded);
  std::unexpected<Error> corrupt(std::uint32_t series, std::string_view chunk, const Error& error);

  Core& core_;
  std::unique_ptr<rocksdb::Iterator> at_;
  std::uint64_t epoch_ = 0;
  // The iterator stands at the first chunk of any series above this one (when >= 0).
  std::int64_t done_below_ = -1;
  SampleBuffer open_;
  SampleBuffer late_;
  struct Run {
    std::uint64_t sequence;
    std::size_t start;
  };
  std::vector<Run> runs_;
};

}  // namespace trimtab::embedded
