// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <rocksdb/iterator.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <thread>

#include "store/codec/align.h"
#include "store/engine/engine.h"
#include "store/engine/series_set.h"
#include "store/engine/tiers.h"

namespace trimtab::embedded {
namespace {

constexpr std::size_t kMatrixCellsMax = std::size_t{1} << 28;  // 2 GiB of doubles
constexpr DurationMs kIncreaseLookbackMs = 5 * kMinuteMs;      // as far as PromQL looks back for a value
constexpr std::size_t kStrideSeries = 64;                      // taken by a worker at a time

// What retention left of older samples, joined into the row.
Status add_tiers(Core& core, std::uint32_t series, const ChunkReader::View& samples, const AlignGrid& grid,
                 Align align, std::span<double> row) {
  TierBuckets buckets;
  TRY(read_tiers(core, series, grid.covered(), buckets));
  if (buckets.size() == 0) return ok();
  std::vector<double> sums(row.size());
  std::vector<double> counts(row.size());
  align_samples(samples.timestamps_ms, samples.values, grid, Align::kSum, sums);
  align_samples(samples.timestamps_ms, samples.values, grid, Align::kCount, counts);
  join_tiers(buckets, grid.start_ms, grid.step_ms, align, {sums, counts}, row);
  return ok();
}

}  // namespace

// By labels from the index, then those whose time from oldest to newest sample meets the range.
Result<std::vector<std::uint32_t>> Engine::select_ids(const Matchers& matchers, TimeRange range,
                                                      Reach reach) const {
  if (range.empty()) return std::vector<std::uint32_t>{};
  std::vector<std::uint32_t> ids;
  {
    const std::shared_lock lock(core_.index_mutex);
    ids = core_.index.select(matchers);
  }
  const TimestampMs from = reach == Reach::kRaw ? std::max(range.from, core_.retention_cutoff()) : range.from;
  constexpr std::size_t kAhead = 16;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (i + kAhead < ids.size()) __builtin_prefetch(&core_.heads.at(ids[i + kAhead]), 1);
    Head& head = core_.heads.at(ids[i]);
    const HeadLock lock(head);
    if (!head.has_samples()) continue;
    const bool tiers = reach == Reach::kTiers && (head.flags & Head::kTiered) != 0;
    const bool raw = head.newest_ms >= from && head.oldest_ms <= range.to;
    if (raw || (tiers && head.newest_ms >= range.from)) ids[kept++] = ids[i];
  }
  ids.resize(kept);
  return ids;
}

Result<std::vector<std::uint32_t>> Engine::select_bounded(const Matchers& matchers, TimeRange range,
                                                          const ReadOptions& options, Reach reach) {
  auto ids = TRY(select_ids(matchers, range, reach));
  const std::uint64_t series_max =
      options.series_max != 0 ? options.series_max : core_.options.limits.query_series_max;
  if (ids.size() > series_max) {
    core_.metrics.query_series_limit.add();
    return fail(ErrorCode::kLimit,
                fmt::format("{} series match; at most {} are allowed in one read", ids.size(), series_max));
  }
  return ids;
}

Result<std::unique_ptr<SeriesSet>> Engine::select(const Matchers& matchers, TimeRange range,
                                                  const ReadOptions& options) {
  auto ids = TRY(select_bounded(matchers, range, options, Reach::kRaw));
  return std::make_unique<EngineSeriesSet>(core_, std::move(ids), options);
}

Result<std::vector<std::string>> Engine::label_names(const Matchers& matchers, TimeRange range) {
  const auto ids = TRY(select_ids(matchers, range));
  const std::shared_lock lock(core_.index_mutex);
  return core_.index.label_names(ids);
}

Result<std::vector<std::string>> Engine::label_values(std::string_view name, const Matchers& matchers,
                                                      TimeRange range) {
  const auto ids = TRY(select_ids(matchers, range));
  const std::shared_lock lock(core_.index_mutex);
  return core_.index.label_values(name, ids);
}

Result<Matrix> Engine::aligned(const Matchers& matchers, TimeRange range, DurationMs step, Align align,
                               const ReadOptions& options) {
  if (step <= 0) return invalid("the step of an aligned read must be positive");
  Matrix matrix;
  matrix.start_ms = range.from;
  matrix.step_ms = step;
  if (range.empty()) return matrix;
  if (range.from < kTimestampMin || range.to > kTimestampMax || step > kTimestampMax) {
    return invalid("an aligned read needs a range within the years 1 to 9999");
  }
  // A cell covers (t - step, t]; an increase also needs the sample before the first cell.
  TimeRange wanted{range.from - step + 1, range.to};
  if (align == Align::kIncrease) wanted.from -= std::max(step, kIncreaseLookbackMs);
  const std::uint64_t columns =
      static_cast<std::uint64_t>(range.to - range.from) / static_cast<std::uint64_t>(step) + 1;
  const auto ids = TRY(select_bounded(matchers, wanted, options, Reach::kTiers));
  if (columns > kMatrixCellsMax || columns * ids.size() > kMatrixCellsMax) {
    return fail(ErrorCode::kLimit,
                fmt::format("{} series by {} steps are more than {} cells, the bound of one aligned read",
                            ids.size(), columns, kMatrixCellsMax));
  }
  matrix.columns = columns;
  matrix.values.resize(columns * ids.size());
  const AlignGrid grid{range.from, step, columns};
  const EngineSeriesSet set(core_, ids, options);
  std::atomic<std::size_t> next{0};
  std::mutex error_mutex;
  Status first_error = ok();
  const auto align_one = [&](EngineSeriesSet::Lease& lease, std::size_t i, std::span<double> row) -> Status {
    Head& head = core_.heads.at(ids[i]);
    const auto tiered = [&] {
      const HeadLock lock(head);
      return (head.flags & Head::kTiered) != 0;
    };
    std::uint64_t epoch = 0;
    do {  // again when chunks changed between the two reads: a sample must not be in both, or in neither
      epoch = core_.seal_epoch.load(std::memory_order_acquire);
      const auto samples = TRY(lease.view(i, wanted, ChunkReader::Expired::kShow));
      align_samples(samples.timestamps_ms, samples.values, grid, align, row);
      if (tiered()) TRY(add_tiers(core_, ids[i], samples, grid, align, row));
    } while (tiered() && core_.seal_epoch.load(std::memory_order_acquire) != epoch);
    return ok();
  };
  const auto work = [&] {
    EngineSeriesSet::Lease lease(set);
    for (std::size_t from = next.fetch_add(kStrideSeries); from < ids.size();
         from = next.fetch_add(kStrideSeries)) {
      for (std::size_t i = from; i < std::min(from + kStrideSeries, ids.size()); ++i) {
        const Status status = align_one(lease, i, {matrix.values.data() + i * columns, columns});
        if (!status) {
          const std::lock_guard lock(error_mutex);
          if (first_error) first_error = status;
          next.store(ids.size());
          return;
        }
      }
    }
  };
  const std::size_t workers = std::clamp<std::size_t>(ids.size() / kStrideSeries, 1,
                                                      std::max(1U, std::thread::hardware_concurrency()));
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i < workers; ++i) threads.emplace_back(work);
    work();
  }
  TRY(std::move(first_error));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    matrix.series.push_back(SeriesId{ids[i]});
    matrix.labels.push_back(set.labels(i));
  }
  return matrix;
}

}  // namespace trimtab::embedded
