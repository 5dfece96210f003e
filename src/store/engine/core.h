// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <utility>
#include <vector>

#include "store/embedded_store.h"
#include "store/engine/database.h"
#include "store/engine/sync_group.h"
#include "store/engine/write_gate.h"
#include "store/head/head_table.h"
#include "store/index/key_cache.h"
#include "store/index/label_index.h"

namespace trimtab::embedded {

// Bounds that are not settings, each with the place that counts when it is reached.
struct EngineLimits {
  std::uint64_t checkpoint_journal_bytes = 192 << 20;  // a checkpoint starts
  std::uint64_t journal_bytes_max = 384 << 20;         // appends wait for the running checkpoint
  std::uint64_t late_samples_max = 8 << 20;            // all late buffers together; then they are sealed
  std::uint64_t memory_bytes_max = std::uint64_t{16} << 30;  // index and heads; then new series are refused
  std::size_t keys_max = 4 << 20;                            // remembered wire keys
};

// Instruments of the store on /metrics.
struct EngineMetrics {
  explicit EngineMetrics(Metrics& metrics);
  Counter& samples;
  Counter& duplicates;
  Counter& overwritten;
  Counter& out_of_order;
  Counter& refused_future;
  Counter& refused_too_old;
  Counter& refused_invalid;
  Counter& refused_batches_limit;
  Counter& refused_batches_unavailable;
  Counter& refused_series_limit;
  Counter& refused_series_memory;
  Counter& query_samples_limit;
  Counter& query_series_limit;
  Counter& corrupt_chunks;
  Counter& chunks_sealed;
  Counter& chunks_merged;
  Counter& chunks_expired;
  Counter& checkpoints;
  Counter& checkpoint_waits;
  Counter& late_spills;
  Counter& sync_failures;
  Counter& write_failures;
  Counter& key_evictions;
  Gauge& series;
  Gauge& journal_bytes;
  Gauge& memory_bytes;
  Gauge& free_bytes;
  Gauge& writes_refused;
};

// Sums over all sealed chunks; the record "totals" in the meta family. Guarded by append_mutex.
struct Totals {
  std::uint64_t chunk_next = 1;  // sequence of the next chunk
  std::uint64_t chunks = 0;
  std::uint64_t samples = 0;
  std::uint64_t bytes = 0;
  std::string save() const;
  Status load(std::string_view bytes);
};

// What the parts of the embedded store share. Locks are taken in the order of this list:
//   maintenance_mutex   one background task at a time: checkpoint, merge, retention, deletion
//   append_mutex        order of the journal, contents of heads, totals
//   index_mutex         labels (shared for reading)
//   pending_mutex       definitions of new series on their way to the disk
//   HeadLock            one head
struct Core {
  Core(const EmbeddedStoreOptions& options_in, const EngineLimits& limits_in, const Clock& clock_in,
       Metrics& metrics_in, Logger& logger_in);

  const EmbeddedStoreOptions options;
  const EngineLimits limits;
  const Clock& clock;
  Logger& logger;
  EngineMetrics metrics;

  std::unique_ptr<Database> database;
  WriteGate gate;
  SyncGroup syncs;
  HeadTable heads;
  KeyCache keys;

  std::mutex maintenance_mutex;

  std::mutex append_mutex;
  std::uint64_t journal_next = 1;   // sequence of the next entry
  std::uint64_t journal_first = 1;  // older ones are gone
  Totals totals;

  mutable std::shared_mutex index_mutex;
  LabelIndex index;
  std::uint32_t series_next = 0;

  std::mutex pending_mutex;
  std::vector<std::pair<std::uint32_t, std::string>> pending_series;  // id, stored labels
  std::atomic<bool> has_pending{false};

  std::atomic<std::uint64_t> journal_bytes{0};  // written since the last checkpoint began
  std::atomic<std::uint64_t> seal_epoch{0};     // raised after chunks changed, before heads let go
  std::atomic<std::uint64_t> corrupt_chunks{0};
  std::atomic<bool> closing{false};  // upkeep ends at its next series; the next start goes on

  // Writes a change of chunks with the totals that follow from it. Requires: append_mutex.
  Status write_chunks(rocksdb::WriteBatch& batch, const Totals& after);
  // Records a failed RocksDB write or sync and closes the gate.
  void write_failed(const Error& error);
  TimestampMs retention_cutoff() const;  // samples before are not welcome; kTimestampMin: all are
  std::uint64_t memory_bytes() const;
};

// Stored form of a label set: count, then each name and value with its length.
std::string encode_labels(const Labels& labels);
Result<Labels> decode_labels(std::string_view bytes);

inline constexpr std::string_view kTotalsKey = "totals";
inline constexpr std::string_view kJournalFirstKey = "journal_first";
inline constexpr std::string_view kSeriesNextKey = "series_next";

}  // namespace trimtab::embedded
