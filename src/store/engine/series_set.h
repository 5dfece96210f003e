// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "store/engine/chunk_reader.h"
#include "store/engine/core.h"

namespace trimtab::embedded {

// The embedded SeriesSet: a frozen list of series over the living store. Readers are kept in a pool so
// that each worker thread works with a RocksDB iterator of its own.
class EngineSeriesSet final : public SeriesSet {
 public:
  EngineSeriesSet(Core& core, std::vector<std::uint32_t> ids, const ReadOptions& options);

  std::size_t size() const override { return ids_.size(); }
  SeriesId id(std::size_t index) const override { return SeriesId{ids_[index]}; }
  Labels labels(std::size_t index) const override;
  Status read(std::size_t index, TimeRange range, SampleBuffer& out) const override;

  // For a worker that reads many: the pool is asked once.
  class Lease {
   public:
    explicit Lease(const EngineSeriesSet& set) : set_(set), reader_(set.take_reader()) {}
    ~Lease() { set_.give_back(std::move(reader_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Status read(std::size_t index, TimeRange range, SampleBuffer& out);
    // Valid until the next call.
    Result<ChunkReader::View> view(std::size_t index, TimeRange range, ChunkReader::Expired expired);

   private:
    const EngineSeriesSet& set_;
    std::unique_ptr<ChunkReader> reader_;
  };

 private:
  std::unique_ptr<ChunkReader> take_reader() const;
  void give_back(std::unique_ptr<ChunkReader> reader) const;
  Status account(std::uint64_t decoded) const;
  Status check_cancelled() const;

  Core& core_;
  const std::vector<std::uint32_t> ids_;
  const std::uint64_t samples_max_;
  const std::atomic<bool>* const cancelled_;
  mutable std::atomic<std::uint64_t> decoded_{0};
  mutable std::mutex pool_mutex_;
  mutable std::vector<std::unique_ptr<ChunkReader>> pool_;
};

}  // namespace trimtab::embedded
