// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
class Env;
class Iterator;
class Status;
class WriteBatch;
struct ReadOptions;
}  // namespace rocksdb

namespace trimtab::embedded {

enum class Family : std::uint8_t { kMeta, kSeries, kChunks, kHeads, kJournal, kTier5m, kTier1h, kMetadata };
inline constexpr std::size_t kFamiliesCount = 8;

inline constexpr std::uint32_t kFormatVersion = 1;

struct DatabaseOptions {
  std::string directory;
  std::uint64_t cache_bytes = 0;
  std::uint64_t free_bytes_min = 0;  // 0: unbounded buffers; else they stay small enough to fit a full disk's floor
  bool read_only = false;
  rocksdb::Env* env = nullptr;  // tests put faults in; null: the system's
};

// The RocksDB instance, its column families and the files beside it:
//   FORMAT   "trimtab store 1\n"; read before anything else is touched
//   LOCK     held (flock) by the process that writes
//   rocksdb/ everything else
// Thread-safe. Every iterator must be gone before it closes (RocksDB aborts otherwise).
class Database {
 public:
  // Errors: kConflict, kVersion, kCorrupt, kIo, kNotFound (read-only and nothing there).
  static Result<std::unique_ptr<Database>> open(const DatabaseOptions& options);
  ~Database();

  rocksdb::DB& db() { return *db_; }
  rocksdb::ColumnFamilyHandle* family(Family family) const {
    return families_[static_cast<std::size_t>(family)];
  }
  std::unique_ptr<rocksdb::Iterator> iterate(Family family, const rocksdb::ReadOptions& options);

  // In the kernel when it returns. Errors: kUnavailable (no space), kIo, kCorrupt.
  Status write(rocksdb::WriteBatch& batch);
  Status sync();                  // everything written so far is on the disk
  Status flush_all();             // memtables to files
  Status compact(Family family);  // rewrites its files; what was deleted gives its space back
  // RocksDB's Resume() starts a new log only when some memtable holds anything, and writing again to a
  // log file that failed once is refused (aborts, with the assertions of Debian's build). So one small
  // record always sits in a memtable; called at start, after flushes and about every second.
  Status arm_resume();
  // After a write error: flushes what memory holds and starts a new log. Errors: as write().
  Status resume();

  // kNotFound when absent.
  Result<std::string> get(Family family, std::string_view key);
  std::uint64_t property(Family family, std::string_view name) const;
  std::uint64_t disk_bytes() const;  // all files of the directory
  const std::string& directory() const { return directory_; }

 private:
  Database() = default;

  std::string directory_;
  int lock_file_ = -1;
  std::unique_ptr<rocksdb::DB> db_;
  std::array<rocksdb::ColumnFamilyHandle*, kFamiliesCount> families_{};
};

Status to_status(const rocksdb::Status& status, std::string_view doing);

}  // namespace trimtab::embedded
