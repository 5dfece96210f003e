// SPDX-License-Identifier: Apache-2.0
#include "store/engine/database.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <rocksdb/db.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "store/engine/rocks_options.h"

#ifdef __SANITIZE_THREAD__
// Debian's RocksDB is not instrumented: the sanitizer does not see how its memtable publishes nodes, nor
// the locks under which its background threads copy their paths. Those copies run in libstdc++'s
// out-of-line string assignment, with no frame of RocksDB or of ours on the stack, so that function is
// named; races of our own strings still show in what is inlined around it (size, pointer, destruction).
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return "called_from_lib:librocksdb.so\n"
         "race:librocksdb.so\n"
         "race:std::__cxx11::basic_string*::_M_assign\n";
}
#endif

namespace trimtab::embedded {
namespace {

namespace fs = std::filesystem;

std::string format_line() { return fmt::format("trimtab store {}\n", kFormatVersion); }

// Looks before anything is opened, so that a foreign directory stays as it is.
Result<bool> check_format(const fs::path& directory) {
  std::ifstream file(directory / "FORMAT", std::ios::binary);
  if (!file) {
    std::error_code error;
    if (fs::exists(directory / "rocksdb", error)) {
      return fail(ErrorCode::kVersion,
                  fmt::format("{}: holds rocksdb/ but no FORMAT file; left untouched", directory.string()));
    }
    return false;
  }
  std::string line(64, '\0');
  file.read(line.data(), static_cast<std::streamsize>(line.size()));
  line.resize(static_cast<std::size_t>(file.gcount()));
  if (line == format_line()) return true;
  while (!line.empty() && line.back() == '\n') line.pop_back();
  return fail(ErrorCode::kVersion,
              fmt::format("{}/FORMAT says \"{}\"; this build knows \"trimtab store {}\"; left untouched",
                          directory.string(), line, kFormatVersion));
}

Status write_format(const fs::path& directory) {
  const fs::path path = directory / "FORMAT";
  const std::string line = format_line();
  const int file = ::open(path.c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0644);
  bool good = file >= 0 && ::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size()) &&
              ::fsync(file) == 0;
  const int error = errno;
  if (file >= 0) good = ::close(file) == 0 && good;
  if (!good) return fail(ErrorCode::kIo, fmt::format("writing {}: {}", path.string(), std::strerror(error)));
  return ok();
}

Result<int> take_lock(const fs::path& directory) {
  const fs::path path = directory / "LOCK";
  const int file = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644);
  if (file < 0)
    return fail(ErrorCode::kIo, fmt::format("opening {}: {}", path.string(), std::strerror(errno)));
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    ::close(file);
    if (error != EWOULDBLOCK)
      return fail(ErrorCode::kIo, fmt::format("locking {}: {}", path.string(), std::strerror(error)));
    return fail(ErrorCode::kConflict,
                fmt::format("{}: another process has this data directory open", directory.string()));
  }
  return file;
}

Status open_rocks(const DatabaseOptions& options, const fs::path& path, rocksdb::DB** db,
                  std::array<rocksdb::ColumnFamilyHandle*, kFamiliesCount>& families) {
  const auto descriptors = family_descriptors(options);
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  const rocksdb::DBOptions db_options = database_options(options);
  const rocksdb::Status status =
      options.read_only ? rocksdb::DB::OpenForReadOnly(db_options, path.string(), descriptors, &handles, db)
                        : rocksdb::DB::Open(db_options, path.string(), descriptors, &handles, db);
  if (!status.ok()) return to_status(status, "opening " + path.string());
  std::copy(handles.begin(), handles.end(), families.begin());
  return ok();
}

}  // namespace

Status to_status(const rocksdb::Status& status, std::string_view doing) {
  if (status.ok()) return ok();
  ErrorCode code = ErrorCode::kIo;
  if (status.IsCorruption()) code = ErrorCode::kCorrupt;
  if (status.IsNotFound()) code = ErrorCode::kNotFound;
  if (status.IsNoSpace() || status.IsShutdownInProgress()) code = ErrorCode::kUnavailable;
  return fail(code,
              fmt::format("{}{}: {}", status.IsNoSpace() ? "disk full: " : "", doing, status.ToString()));
}

Result<std::unique_ptr<Database>> Database::open(const DatabaseOptions& options) {
  const fs::path directory(options.directory);
  const bool known = TRY(check_format(directory));
  auto database = std::unique_ptr<Database>(new Database());
  database->directory_ = options.directory;
  if (options.read_only) {
    if (!known) return fail(ErrorCode::kNotFound, fmt::format("{}: no store here", options.directory));
  } else {
    std::error_code error;
    fs::create_directories(directory, error);
    if (error)
      return fail(ErrorCode::kIo, fmt::format("creating {}: {}", options.directory, error.message()));
    database->lock_file_ = TRY(take_lock(directory));
    if (!known) TRY(write_format(directory));
  }
  rocksdb::DB* db = nullptr;
  TRY(open_rocks(options, directory / "rocksdb", &db, database->families_));
  database->db_.reset(db);
  if (!options.read_only) TRY(database->arm_resume());
  return database;
}

Database::~Database() {
  if (db_ != nullptr) {
    for (auto* const family : families_) db_->DestroyColumnFamilyHandle(family);
    db_->Close();
    db_.reset();
  }
  if (lock_file_ >= 0) ::close(lock_file_);
}

std::unique_ptr<rocksdb::Iterator> Database::iterate(Family which, const rocksdb::ReadOptions& options) {
  return std::unique_ptr<rocksdb::Iterator>(db_->NewIterator(options, family(which)));
}

Status Database::write(rocksdb::WriteBatch& batch) {
  return to_status(db_->Write(rocksdb::WriteOptions(), &batch), "writing to the store's log");
}

Status Database::sync() { return to_status(db_->SyncWAL(), "syncing the store's log"); }

Status Database::flush_all() {
  rocksdb::FlushOptions options;
  options.wait = true;
  TRY(to_status(db_->Flush(options, {families_.begin(), families_.end()}), "flushing the store"));
  return arm_resume();
}

Status Database::compact(Family which) {
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  return to_status(db_->CompactRange(options, family(which), nullptr, nullptr), "compacting the store");
}

Status Database::resume() {
  TRY(to_status(db_->Resume(), "resuming the store"));
  return flush_all();
}

Status Database::arm_resume() {
  if (property(Family::kMeta, "rocksdb.num-entries-active-mem-table") != 0) return ok();
  rocksdb::WriteOptions without_log;
  without_log.disableWAL = true;
  return to_status(db_->Put(without_log, family(Family::kMeta), "armed", ""), "marking a memtable");
}

Result<std::string> Database::get(Family which, std::string_view key) {
  std::string value;
  TRY(to_status(
      db_->Get(rocksdb::ReadOptions(), family(which), rocksdb::Slice(key.data(), key.size()), &value),
      fmt::format("reading {}", key)));
  return value;
}

std::uint64_t Database::property(Family which, std::string_view name) const {
  std::uint64_t value = 0;
  db_->GetIntProperty(family(which), rocksdb::Slice(name.data(), name.size()), &value);
  return value;
}

std::uint64_t Database::disk_bytes() const {
  std::uint64_t bytes = 0;
  std::error_code error;
  // Files come and go while we look; what vanishes counts nothing.
  for (fs::recursive_directory_iterator at(directory_, error), end; !error && at != end;
       at.increment(error)) {
    std::error_code ignored;
    if (at->is_regular_file(ignored)) {
      const std::uint64_t size = at->file_size(ignored);
      if (!ignored) bytes += size;
    }
  }
  return bytes;
}

}  // namespace trimtab::embedded
