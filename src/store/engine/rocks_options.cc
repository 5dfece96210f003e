// SPDX-License-Identifier: Apache-2.0
#include "store/engine/rocks_options.h"

#include <rocksdb/cache.h>
#include <rocksdb/listener.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <limits>

namespace trimtab::embedded {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

struct FamilySettings {
  const char* name;
  std::size_t write_buffer_bytes;
  std::size_t block_bytes;
  rocksdb::CompressionType compression;
};

// In the order of Family. Chunks are packed bits: compressing them costs more than it gives; label
// sets and help texts repeat themselves. The journal's memtable is large because most of the journal
// is dropped by the next checkpoint and should not reach a file before.
constexpr FamilySettings kFamilies[kFamiliesCount] = {
    {"default", 1 * kMiB, 4096, rocksdb::kNoCompression},
    {"series", 16 * kMiB, 16384, rocksdb::kLZ4Compression},
    {"chunks", 32 * kMiB, 32768, rocksdb::kNoCompression},
    {"heads", 32 * kMiB, 32768, rocksdb::kNoCompression},
    {"journal", 64 * kMiB, 65536, rocksdb::kNoCompression},
    {"tier_5m", 8 * kMiB, 32768, rocksdb::kNoCompression},
    {"tier_1h", 8 * kMiB, 32768, rocksdb::kNoCompression},
    {"metadata", 1 * kMiB, 16384, rocksdb::kLZ4Compression},
};

// RocksDB would look for space every five seconds on its own and refuse our Resume() meanwhile. The
// keeper looks every second, knows the floor, and is the only one to decide.
class NoAutomaticRecovery final : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason /*reason*/, rocksdb::Status /*error*/,
                            bool* automatic) override {
    *automatic = false;
  }
};

}  // namespace

rocksdb::DBOptions database_options(const DatabaseOptions& options) {
  rocksdb::DBOptions out;
  if (options.env != nullptr) out.env = options.env;
  out.create_if_missing = !options.read_only;
  out.create_missing_column_families = !options.read_only;
  out.max_background_jobs = 2;
  out.max_bgerror_resume_count = 0;
  out.listeners.push_back(std::make_shared<NoAutomaticRecovery>());
  out.max_total_wal_size = 256 * kMiB;
  out.avoid_flush_during_recovery = true;  // a start replays the log and goes on; files come later
  out.avoid_flush_during_shutdown = true;  // the log has it all
  out.max_open_files = 1024;
  out.keep_log_file_num = 2;
  out.max_log_file_size = 4 * kMiB;
  out.info_log_level = rocksdb::WARN_LEVEL;
  out.stats_dump_period_sec = 0;
  out.stats_persist_period_sec = 0;
  out.bytes_per_sync = 1 * kMiB;
  out.allow_concurrent_memtable_write = false;  // one writer: the append lock
  out.enable_write_thread_adaptive_yield = false;
  out.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  return out;
}

std::vector<rocksdb::ColumnFamilyDescriptor> family_descriptors(const DatabaseOptions& options) {
  const auto cache = rocksdb::NewLRUCache(options.cache_bytes);
  // To take writes again after a full disk, what is in memory must first fit into the free space that
  // the floor keeps: up to three buffers of a family, and only the journal's are ever large together.
  const std::size_t buffer_max = options.free_bytes_min == 0 ? std::numeric_limits<std::size_t>::max()
                                                             : std::max<std::size_t>(kMiB, options.free_bytes_min / 4);
  std::vector<rocksdb::ColumnFamilyDescriptor> out;
  for (const FamilySettings& settings : kFamilies) {
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = cache;
    table.block_size = settings.block_bytes;
    table.format_version = 5;
    table.checksum = rocksdb::kXXH3;
    table.cache_index_and_filter_blocks = true;
    table.pin_l0_filter_and_index_blocks_in_cache = true;
    rocksdb::ColumnFamilyOptions family;
    family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    family.write_buffer_size = std::min(settings.write_buffer_bytes, buffer_max);
    family.max_write_buffer_number = 3;
    family.compression = settings.compression;
    family.level_compaction_dynamic_level_bytes = true;
    out.emplace_back(settings.name, family);
  }
  return out;
}

}  // namespace trimtab::embedded
