// SPDX-License-Identifier: Apache-2.0
#include "store/engine/engine.h"

#include <chrono>

#include "base/check.h"
#include "store/engine/bytes.h"
#include "store/engine/recovery.h"
#include "store/engine/rocks_options.h"

namespace trimtab {

Result<std::unique_ptr<EmbeddedStore>> EmbeddedStore::open(const EmbeddedStoreOptions& options,
                                                           const Clock& clock, Metrics& metrics,
                                                           Logger& logger) {
  return TRY(embedded::Engine::open(options, {}, clock, metrics, logger));
}

}  // namespace trimtab

namespace trimtab::embedded {
namespace {

constexpr std::chrono::milliseconds kKeepInterval{1000};
constexpr std::int64_t kUpkeepNs = std::int64_t{10} * 60 * 1'000'000'000;

}  // namespace

Engine::Engine(const EmbeddedStoreOptions& options, const EngineHooks& hooks, const Clock& clock,
               Metrics& metrics, Logger& logger)
    : hooks_(hooks),
      core_(options, hooks.limits, clock, metrics, logger),
      writer_(core_),
      keeper_(core_, writer_, hooks.free_bytes) {}

Result<std::unique_ptr<Engine>> Engine::open(const EmbeddedStoreOptions& options, const EngineHooks& hooks,
                                             const Clock& clock, Metrics& metrics, Logger& logger) {
  auto engine = std::unique_ptr<Engine>(new Engine(options, hooks, clock, metrics, logger));
  TRY(engine->start());
  return engine;
}

Status Engine::start() {
  const std::int64_t began_ns = core_.clock.monotonic_ns();
  DatabaseOptions database;
  database.directory = core_.options.directory;
  database.cache_bytes = core_.options.cache_bytes;
  database.free_bytes_min = core_.options.free_bytes_min;
  database.read_only = core_.options.read_only;
  database.env = hooks_.env;
  core_.database = TRY(Database::open(database));
  const RecoveryReport report = TRY(recover(core_));
  TRY(load_metadata());
  opened_ = true;
  core_.logger.info("store opened", {{"directory", core_.options.directory},
                                     {"series", report.series},
                                     {"journal_entries", report.journal_entries},
                                     {"journal_samples", report.journal_samples},
                                     {"milliseconds", (core_.clock.monotonic_ns() - began_ns) / 1'000'000}});
  if (core_.options.read_only) {
    core_.gate.close("the store is open for reading only");
    return ok();
  }
  keeper_.watch_space();
  if (hooks_.background) {
    sync_thread_ = std::jthread([this](const std::stop_token& stop) { sync_loop(stop); });
    keep_thread_ = std::jthread([this](const std::stop_token& stop) { keep_loop(stop); });
  }
  return ok();
}

Engine::~Engine() {
  core_.closing.store(true, std::memory_order_relaxed);
  for (std::jthread* const thread : {&sync_thread_, &keep_thread_}) {
    if (thread->joinable()) {
      thread->request_stop();
      thread->join();
    }
  }
  if (core_.database == nullptr) return;
  if (opened_ && core_.gate.is_open()) {
    // The journal has it all; the checkpoint only makes the next start fast.
    if (Status status = keeper_.checkpoint(); !status) {
      core_.logger.warn("closing without a checkpoint", {{"error", status.error().message()}});
    }
    (void)core_.syncs.sync_pending();
    if (Status status = shed_journal(); !status) {
      core_.logger.warn("closing with the log kept", {{"error", status.error().message()}});
    }
  }
  core_.gate.close("the store is closing");
}

// After a checkpoint the journal and the log hold nothing that is not elsewhere: with every memtable in a
// file the log goes, and a compaction drops the journal's files. A clean stop so leaves the size of the
// data, not of the traffic.
Status Engine::shed_journal() {
  TRY(core_.database->flush_all());
  return core_.database->compact(Family::kJournal);
}

void Engine::sync_loop(const std::stop_token& stop) {
  std::unique_lock lock(wake_mutex_);
  while (!stop.stop_requested()) {
    wake_.wait_for(lock, stop, std::chrono::milliseconds(core_.options.sync_interval_ms),
                   [] { return false; });
    lock.unlock();
    if (core_.gate.is_open()) (void)core_.syncs.sync_pending();  // a failure closes the gate and is counted
    lock.lock();
  }
}

void Engine::keep_loop(const std::stop_token& stop) {
  std::int64_t upkeep_ns = core_.clock.monotonic_ns();
  bool eager = true;  // false after a failure: then once per interval is enough
  std::unique_lock lock(wake_mutex_);
  while (!stop.stop_requested()) {
    wake_.wait_for(lock, stop, kKeepInterval, [&] { return eager && keeper_.checkpoint_due(); });
    lock.unlock();
    keeper_.watch_space();
    eager = core_.gate.is_open();
    if (core_.gate.is_open() && !stop.stop_requested()) {
      (void)writer_.write_pending();
      if (keeper_.checkpoint_due()) eager = keeper_.checkpoint().has_value();
      if (core_.clock.monotonic_ns() - upkeep_ns >= kUpkeepNs) {
        upkeep_ns = core_.clock.monotonic_ns();
        if (Status status = upkeep(); !status) {
          core_.logger.warn("upkeep of the store stopped", {{"error", status.error().message()}});
        }
      }
    }
    keeper_.publish_gauges();
    lock.lock();
  }
}

std::size_t Engine::resolve(std::span<const LabelsHash> keys, std::span<SeriesId> out) {
  return core_.keys.resolve(keys, out);
}
void Engine::remember_key(const LabelsHash& key, SeriesId id) {
  // A series may be forgotten since the caller looked it up. It leaves the index first and the keys after
  // that, so a key remembered under this lock is of a living series or is cleared with it.
  const std::shared_lock lock(core_.index_mutex);
  if (core_.index.alive(raw(id))) core_.keys.remember(key, id);
}

Result<SeriesId> Engine::ensure_series(const Labels& labels) { return writer_.ensure_series(labels); }

Result<AppendOutcome> Engine::append(std::span<const Sample> batch) {
  if (keeper_.checkpoint_due()) {
    wake_.notify_all();
    if (core_.journal_bytes.load(std::memory_order_relaxed) >= core_.limits.journal_bytes_max) {
      core_.metrics.checkpoint_waits.add();
      TRY(keeper_.checkpoint());
    }
  }
  return writer_.append(batch);
}

Status Engine::flush() {
  TRY(writer_.write_pending());
  return core_.syncs.sync_pending();
}

Status Engine::upkeep() {
  TRY(keeper_.tend_idle_heads());
  TRY(keeper_.merge_chunks(Keeper::Which::kOverlapping));
  return keeper_.enforce_retention();
}

Status Engine::maintain() {
  keeper_.watch_space();
  TRY(core_.gate.check());
  TRY(writer_.write_pending());
  TRY(upkeep());
  TRY(keeper_.checkpoint());
  keeper_.publish_gauges();
  return ok();
}

Status Engine::compact() {
  std::vector<std::uint32_t> ids(core_.heads.size());
  for (std::uint32_t id = 0; id < ids.size(); ++id) ids[id] = id;
  TRY(writer_.write_pending());
  TRY(writer_.seal(ids, Writer::Part::kAll));
  TRY(keeper_.merge_chunks(Keeper::Which::kAll));
  TRY(maintain());
  TRY(core_.database->flush_all());
  for (std::size_t family = 0; family < kFamiliesCount; ++family) {
    TRY(core_.database->compact(static_cast<Family>(family)));
  }
  return ok();
}

}  // namespace trimtab::embedded
