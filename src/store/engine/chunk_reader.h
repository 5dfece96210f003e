// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
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

  // Sorted by time, times unique; valid until the next call.
  struct View {
    std::span<const TimestampMs> timestamps_ms;
    std::span<const double> values;
  };
  // `decoded` grows by the samples that were decoded, in range or not.
  // Errors: kCorrupt names series and chunk; kIo.
  // kHide: samples older than the retention age are not there. kShow: those that no tier holds yet are.
  enum class Expired { kHide, kShow };
  Result<View> view(std::uint32_t series, TimeRange range, Expired expired, std::uint64_t& decoded);

 private:
  bool copy_head(std::uint32_t series, TimeRange range, std::uint32_t& span_s);
  void renew();
  void position(std::uint32_t series, TimestampMs from);
  Status read_chunks(std::uint32_t series, TimeRange range, std::uint64_t& decoded);
  Status decode_run(std::string_view chunk, std::size_t count, TimeRange range, std::uint64_t sequence);
  void append_run(const SampleBuffer& samples, TimeRange range);
  void reserve(std::size_t more);
  View merged();
  std::unexpected<Error> corrupt(std::uint32_t series, std::string_view chunk, const Error& error);

  Core& core_;
  std::unique_ptr<rocksdb::Iterator> at_;
  std::uint64_t epoch_ = 0;
  // The iterator stands at the first chunk of any series above this one (when >= 0).
  std::int64_t done_below_ = -1;
  SampleBuffer open_;
  SampleBuffer late_;
  SampleBuffer merged_;
  // Decoded runs one behind another, the first `used_` places. Sized once and kept: growing a vector
  // for each chunk would zero what the decoder is about to write.
  std::vector<TimestampMs> times_;
  std::vector<double> values_;
  std::size_t used_ = 0;
  bool in_order_ = true;  // each run begins after the one before it ends
  struct Run {
    std::uint64_t sequence;
    std::size_t start;
  };
  std::vector<Run> runs_;
};

}  // namespace trimtab::embedded
