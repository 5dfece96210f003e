// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

#include "store/embedded_store.h"
#include "store/engine/core.h"
#include "store/engine/keeper.h"
#include "store/engine/writer.h"

namespace trimtab::embedded {

// What tests replace.
struct EngineHooks {
  rocksdb::Env* env = nullptr;
  FreeBytes free_bytes = system_free_bytes;
  EngineLimits limits;
  bool background = true;  // false: nothing happens but by maintain() and flush()
};

// The embedded store: wires the parts together and runs the two background threads (fsync in groups;
// keeper: free space, checkpoint and upkeep). The parts do the work; see src/store/README.md.
class Engine final : public EmbeddedStore {
 public:
  static Result<std::unique_ptr<Engine>> open(const EmbeddedStoreOptions& options, const EngineHooks& hooks,
                                              const Clock& clock, Metrics& metrics, Logger& logger);
  ~Engine() override;

  std::size_t resolve(std::span<const LabelsHash> keys, std::span<SeriesId> out) override;
  Result<SeriesId> ensure_series(const Labels& labels) override;
  void remember_key(const LabelsHash& key, SeriesId id) override;
  Result<AppendOutcome> append(std::span<const Sample> batch) override;
  Status set_metadata(std::string_view metric, const MetricMetadata& metadata) override;

  Result<std::unique_ptr<SeriesSet>> select(const Matchers& matchers, TimeRange range,
                                            const ReadOptions& options) override;
  Result<Matrix> aligned(const Matchers& matchers, TimeRange range, DurationMs step, Align align,
                         const ReadOptions& options) override;
  Result<std::vector<std::string>> label_names(const Matchers& matchers, TimeRange range) override;
  Result<std::vector<std::string>> label_values(std::string_view name, const Matchers& matchers,
                                                TimeRange range) override;
  std::map<std::string, MetricMetadata> metadata() override;

  Result<std::uint64_t> remove(const Matchers& matchers, TimeRange range) override;
  Status flush() override;
  StoreStats stats() override;
  const StoreLimits& limits() const override { return core_.options.limits; }
  std::string write_refusal() override { return core_.gate.refusal(); }

  Result<Inspection> inspect(bool verify, std::size_t top) override;
  Status maintain() override;
  Status compact() override;

 private:
  Engine(const EmbeddedStoreOptions& options, const EngineHooks& hooks, const Clock& clock, Metrics& metrics,
         Logger& logger);
  Status start();
  Status inspect_chunks(bool verify, Inspection& out);
  Status upkeep();
  Status load_metadata();
  enum class Reach { kRaw, kTiers };  // kTiers: also series whose tiers may reach into the range
  Result<std::vector<std::uint32_t>> select_ids(const Matchers& matchers, TimeRange range,
                                                Reach reach = Reach::kRaw) const;
  Result<std::vector<std::uint32_t>> select_bounded(const Matchers& matchers, TimeRange range,
                                                    const ReadOptions& options, Reach reach);
  Status shed_journal();
  void sync_loop(const std::stop_token& stop);
  void keep_loop(const std::stop_token& stop);

  const EngineHooks hooks_;
  Core core_;
  // The heads hold all of the journal. Until then the destructor writes nothing: it would drop the rest.
  bool opened_ = false;
  Writer writer_;
  Keeper keeper_;

  std::mutex metadata_mutex_;
  std::map<std::string, MetricMetadata> metadata_;

  std::mutex wake_mutex_;
  std::condition_variable_any wake_;
  std::jthread sync_thread_;
  std::jthread keep_thread_;
};

}  // namespace trimtab::embedded
