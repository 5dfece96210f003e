// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <thread>

#include "store/engine/engine_testlib.h"
#include "store/engine/keys.h"
#include "store/engine/rocks_options.h"

namespace trimtab::embedded::testing {
namespace {

// What the disk does wrong, switched while the store runs.
struct Faults {
  std::atomic<bool> no_space{false};
  std::atomic<bool> sync_fails{false};
  std::atomic<bool> log_only{false};  // faults hit the write-ahead log only
};

class FaultyFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FaultyFile(std::unique_ptr<rocksdb::FSWritableFile>&& file, Faults& faults, bool is_log)
      : FSWritableFileOwnerWrapper(std::move(file)), faults_(faults), is_log_(is_log) {}

  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* context) override {
    if (faults_.no_space && applies()) return rocksdb::IOStatus::NoSpace("injected");
    return FSWritableFileOwnerWrapper::Append(data, options, context);
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo& info,
                           rocksdb::IODebugContext* context) override {
    if (faults_.no_space && applies()) return rocksdb::IOStatus::NoSpace("injected");
    return FSWritableFileOwnerWrapper::Append(data, options, info, context);
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
    if (faults_.sync_fails && applies()) return rocksdb::IOStatus::IOError("injected sync failure");
    return FSWritableFileOwnerWrapper::Sync(options, context);
  }
  rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
    if (faults_.sync_fails && applies()) return rocksdb::IOStatus::IOError("injected sync failure");
    return FSWritableFileOwnerWrapper::Fsync(options, context);
  }
  bool IsSyncThreadSafe() const override { return true; }

 private:
  bool applies() const { return is_log_ || !faults_.log_only; }
  Faults& faults_;
  const bool is_log_;
};

class FaultyFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  explicit FaultyFileSystem(Faults& faults)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), faults_(faults) {}
  const char* Name() const override { return "FaultyFileSystem"; }
  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* out,
                                    rocksdb::IODebugContext* context) override {
    std::unique_ptr<rocksdb::FSWritableFile> file;
    auto status = FileSystemWrapper::NewWritableFile(path, options, &file, context);
    if (status.ok()) *out = std::make_unique<FaultyFile>(std::move(file), faults_, path.ends_with(".log"));
    return status;
  }

 private:
  Faults& faults_;
};

class StoreFaults : public ::testing::Test {
 protected:
  StoreFaults() {
    env = rocksdb::NewCompositeEnv(std::make_shared<FaultyFileSystem>(faults));
    store.hooks.env = env.get();
    store.reopen();
  }
  ~StoreFaults() override { store.close(); }

  Result<AppendOutcome> try_append(TimestampMs t) {
    return store.engine->append(std::vector<Sample>{{store.series(cpu), t, 1}});
  }
  void expect_samples(std::size_t count) { EXPECT_EQ(store.read(cpu).size(), count); }

  Faults faults;
  std::unique_ptr<rocksdb::Env> env;
  TestStore store;
  const Labels cpu = metric("cpu");
};

TEST_F(StoreFaults, full_disk_refuses_writes_reads_go_on_and_space_brings_writes_back) {
  ASSERT_TRUE(try_append(kNow - 9).has_value());
  for (const bool log_only : {true, false}) {
    faults.log_only = log_only;
    faults.no_space = true;
    const auto refused = try_append(kNow - 8);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code(), ErrorCode::kUnavailable);
    EXPECT_NE(store.engine->write_refusal().find("disk full"), std::string::npos)
        << store.engine->write_refusal();
    EXPECT_EQ(try_append(kNow - 7).error().code(), ErrorCode::kUnavailable);
    expect_samples(log_only ? 1 : 2);
    (void)store.engine->maintain();  // still full: stays refused
    EXPECT_NE(store.engine->write_refusal(), "");
    faults.no_space = false;
    ASSERT_TRUE(store.engine->maintain().has_value());
    EXPECT_EQ(store.engine->write_refusal(), "");
    ASSERT_TRUE(try_append(kNow - (log_only ? 6 : 5)).has_value());
    expect_samples(log_only ? 2 : 3);
  }
  store.crash();
  expect_samples(3);
}

TEST_F(StoreFaults, failed_sync_is_not_acknowledged_and_closes_the_gate_until_a_restart) {
  store.options.durability = Durability::kSync;
  store.reopen();
  ASSERT_TRUE(try_append(kNow - 9).has_value());
  faults.sync_fails = true;
  const auto failed = try_append(kNow - 8);
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().code(), ErrorCode::kIo) << failed.error().message();
  EXPECT_EQ(store.counter("trimtab_store_sync_failures_total"), 1);
  faults.sync_fails = false;
  EXPECT_FALSE(store.engine->maintain().has_value());
  EXPECT_EQ(try_append(kNow - 7).error().code(), ErrorCode::kUnavailable);
  EXPECT_NE(store.engine->write_refusal().find("restart"), std::string::npos);
  EXPECT_GE(store.read(cpu).size(), 1U);  // reads go on
  store.reopen();
  ASSERT_TRUE(try_append(kNow - 8).has_value());  // the writer's retry
  expect_samples(2);
}

TEST_F(StoreFaults, free_space_floor_refuses_with_both_numbers_and_reopens_by_itself) {
  std::atomic<std::uint64_t> free{std::uint64_t{1} << 30};
  store.hooks.free_bytes = [&free](const std::string&) -> Result<std::uint64_t> { return free.load(); };
  store.options.free_bytes_min = 256 << 20;
  store.reopen();
  ASSERT_TRUE(try_append(kNow - 2).has_value());
  free = 12 << 20;
  EXPECT_FALSE(store.engine->maintain().has_value());
  EXPECT_EQ(store.engine->write_refusal(), "disk full: 12 MiB free, floor 256 MiB");
  EXPECT_EQ(try_append(kNow - 1).error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(store.engine->ensure_series(metric("new")).error().code(), ErrorCode::kUnavailable);
  expect_samples(1);
  free = std::uint64_t{1} << 30;
  ASSERT_TRUE(store.engine->maintain().has_value());
  ASSERT_TRUE(try_append(kNow).has_value());
  store.close();
}

TEST_F(StoreFaults, corrupt_chunk_names_series_and_chunk_and_others_stay_readable) {
  for (int i = 0; i < 600; ++i) {
    store.append(cpu, kNow - kHourMs + i, i);
    store.append(metric("mem"), kNow - kHourMs + i, i);
  }
  ASSERT_TRUE(store.engine->compact().has_value());
  store.close();
  {
    // Breaks one byte inside a chunk and leaves RocksDB's own checksums right.
    DatabaseOptions options;
    options.directory = store.options.directory;
    options.cache_bytes = 1 << 20;
    auto database = Database::open(options);
    ASSERT_TRUE(database.has_value());
    const auto at = (*database)->iterate(Family::kChunks, rocksdb::ReadOptions());
    at->SeekToFirst();
    ASSERT_TRUE(at->Valid());
    std::string value = at->value().ToString();
    value[value.size() / 2] = static_cast<char>(value[value.size() / 2] ^ 0x40);
    rocksdb::WriteBatch batch;
    batch.Put((*database)->family(Family::kChunks), at->key(), value);
    ASSERT_TRUE((*database)->write(batch).has_value());
  }
  store.reopen();
  const auto set = store.engine->select({}, {}, {});
  ASSERT_TRUE(set.has_value());
  SampleBuffer out;
  const Status bad = (*set)->read(0, {}, out);
  ASSERT_FALSE(bad.has_value());
  EXPECT_EQ(bad.error().code(), ErrorCode::kCorrupt);
  EXPECT_NE(bad.error().message().find(cpu.to_string()), std::string::npos) << bad.error().message();
  EXPECT_NE(bad.error().message().find("chunk from 2023-11-14T"), std::string::npos) << bad.error().message();
  EXPECT_TRUE((*set)->read(1, {}, out).has_value());
  EXPECT_EQ(out.size(), 600U);
  EXPECT_GE(store.counter("trimtab_store_corrupt_chunks_total"), 1);
  const auto inspection = store.engine->inspect(true, 1);
  EXPECT_EQ(inspection->corrupt_chunks, 1U);
  EXPECT_TRUE(store.engine->maintain().has_value());
}

// The value of a record, changed behind the store's back.
void with_record(const std::string& directory, Family family, std::string_view key,
                 const std::function<void(std::string& value)>& change) {
  DatabaseOptions options;
  options.directory = directory;
  options.cache_bytes = 1 << 20;
  const auto database = Database::open(options);
  ASSERT_TRUE(database.has_value()) << database.error().message();
  auto value = (*database)->get(family, key);
  ASSERT_TRUE(value.has_value()) << value.error().message();
  const std::string before = *value;
  change(*value);
  if (*value == before) return;
  rocksdb::WriteBatch batch;
  batch.Put((*database)->family(family), slice(key), *value);
  ASSERT_TRUE((*database)->write(batch).has_value());
}

TEST_F(StoreFaults, start_that_fails_drops_nothing_of_the_journal) {
  const Labels mem = metric("mem");
  const auto cpu_key = series_key(raw(store.series(cpu)));
  const auto mem_key = series_key(raw(store.series(mem)));
  store.append(cpu, kNow - 9, 1);
  store.append(mem, kNow - 9, 1);
  ASSERT_TRUE(store.engine->maintain().has_value());
  store.append(cpu, kNow - 8, 2);  // entry 3
  store.append(mem, kNow - 8, 2);  // entry 4
  const std::string stopped = store.directory.path("stopped");
  std::filesystem::copy(store.options.directory, stopped, std::filesystem::copy_options::recursive);
  ASSERT_TRUE(store.engine->maintain().has_value());
  store.close();
  // As after a stop in the middle of that checkpoint: one head is saved at entry 5, the other at entry 3.
  std::string saved;
  with_record(store.options.directory, Family::kHeads, view(cpu_key), [&](std::string& v) { saved = v; });
  with_record(stopped, Family::kHeads, view(cpu_key), [&](std::string& v) { v = saved; });

  const JournalKey entry = journal_key(4);
  const std::pair<Family, std::string_view> unreadable[] = {{Family::kHeads, view(mem_key)},
                                                            {Family::kJournal, view(entry)}};
  for (const auto& [family, key] : unreadable) {
    const int number = static_cast<int>(family);
    store.options.directory = store.directory.path("case" + std::to_string(number));
    std::filesystem::copy(stopped, store.options.directory, std::filesystem::copy_options::recursive);
    std::string good;
    with_record(store.options.directory, family, key, [&](std::string& v) {
      good = v;
      v = "\xff";
    });
    const Status failed = store.open();
    ASSERT_FALSE(failed.has_value()) << number;
    EXPECT_EQ(failed.error().code(), ErrorCode::kCorrupt) << failed.error().message();
    with_record(store.options.directory, family, key, [&](std::string& v) { v = good; });
    store.reopen();
    EXPECT_EQ(store.read(cpu).size(), 2U) << number;
    EXPECT_EQ(store.read(mem).size(), 2U) << number;
    store.close();
  }
}

TEST_F(StoreFaults, group_of_waiting_writers_is_synced_together) {
  store.options.durability = Durability::kSync;
  store.reopen();
  std::vector<std::jthread> writers;
  for (int w = 0; w < 4; ++w) {
    writers.emplace_back([this, w] {
      for (int i = 0; i < 100; ++i) {
        const SeriesId id = store.series(metric("w", std::to_string(w)));
        ASSERT_TRUE(store.engine->append(std::vector<Sample>{{id, kNow - 1000 + i, 1}}).has_value());
      }
    });
  }
  writers.clear();
  store.crash();
  EXPECT_EQ(store.engine->stats().samples, 400U);
}

}  // namespace
}  // namespace trimtab::embedded::testing
