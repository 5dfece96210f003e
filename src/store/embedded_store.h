// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "store/store.h"

namespace trimtab {

enum class Durability {
  kCommit,  // acknowledged = in the kernel's page cache; fsync in groups within sync_interval_ms
  kSync,    // acknowledged = fsynced (group commit)
};

struct EmbeddedStoreOptions {
  std::string directory;
  Durability durability = Durability::kCommit;
  DurationMs sync_interval_ms = 200;
  DurationMs retention_age_ms = 0;           // 0: keep for ever
  std::uint64_t retention_bytes = 0;         // 0: no bound
  std::uint64_t free_bytes_min = 256 << 20;  // below: writes are refused, reads go on
  DurationMs out_of_order_window_ms = 0;     // 0: samples of any age are welcome
  std::uint64_t cache_bytes = 256 << 20;     // decoded-block cache of the engine
  bool read_only = false;  // for `trimtab inspect`: no lock taken for writing, no recovery writes
  StoreLimits limits;
};

// Samples in one data directory, on RocksDB. See src/store/README.md for files, formats and threads.
// Lives longer than every SeriesSet it gave out. The destructor flushes and closes.
class EmbeddedStore : public Store {
 public:
  // Errors: kConflict (another process holds the directory), kVersion (a format this build does not
  // know; nothing is touched), kCorrupt, kIo.
  static Result<std::unique_ptr<EmbeddedStore>> open(const EmbeddedStoreOptions& options, const Clock& clock,
                                                     Metrics& metrics, Logger& logger);

  struct LabelCardinality {
    std::string name;
    std::uint64_t values = 0;
    std::uint64_t series = 0;
  };
  struct Inspection {
    StoreStats stats;
    std::uint32_t format_version = 0;
    std::uint64_t chunk_samples = 0;
    std::uint64_t chunk_bytes = 0;
    std::uint64_t journal_bytes = 0;
    std::uint64_t index_bytes = 0;
    std::uint64_t corrupt_chunks = 0;
    std::vector<LabelCardinality> top_labels;                        // most values first
    std::vector<std::pair<std::string, std::uint64_t>> top_metrics;  // most series first
  };
  // Reads every chunk header (and, with verify, decodes every chunk). Slow on purpose; bounded memory.
  virtual Result<Inspection> inspect(bool verify, std::size_t top) = 0;

  // Runs due background work now: sealing of idle heads, checkpoint, retention, downsampling.
  // The store's own thread does this; tests and `inspect --compact` call it by hand.
  virtual Status maintain() = 0;
  // Seals every head, merges what overlaps, and compacts the files: the smallest form of the data.
  // Takes time in proportion to all of it; reads and writes go on.
  virtual Status compact() = 0;
};

}  // namespace trimtab
