// SPDX-License-Identifier: Apache-2.0
#include "store/engine/series_set.h"

#include <fmt/format.h>

#include "base/check.h"

namespace trimtab::embedded {

EngineSeriesSet::EngineSeriesSet(Core& core, std::vector<std::uint32_t> ids, const ReadOptions& options)
    : core_(core),
      ids_(std::move(ids)),
      samples_max_(options.samples_max != 0 ? options.samples_max : core.options.limits.query_samples_max),
      cancelled_(options.cancelled) {}

Labels EngineSeriesSet::labels(std::size_t index) const {
  CHECK(index < ids_.size(), "series {} of {}", index, ids_.size());
  const std::shared_lock lock(core_.index_mutex);
  return core_.index.labels(ids_[index]);
}

std::unique_ptr<ChunkReader> EngineSeriesSet::take_reader() const {
  {
    const std::lock_guard lock(pool_mutex_);
    if (!pool_.empty()) {
      auto reader = std::move(pool_.back());
      pool_.pop_back();
      return reader;
    }
  }
  return std::make_unique<ChunkReader>(core_);
}

void EngineSeriesSet::give_back(std::unique_ptr<ChunkReader> reader) const {
  const std::lock_guard lock(pool_mutex_);
  pool_.push_back(std::move(reader));
}

Status EngineSeriesSet::account(std::uint64_t decoded) const {
  if (decoded_.fetch_add(decoded, std::memory_order_relaxed) + decoded <= samples_max_) return ok();
  core_.metrics.query_samples_limit.add();
  return fail(ErrorCode::kLimit, fmt::format("the read needs more than {} samples, its bound", samples_max_));
}

Status EngineSeriesSet::check_cancelled() const {
  if (cancelled_ == nullptr || !cancelled_->load(std::memory_order_relaxed)) return ok();
  return fail(ErrorCode::kCancelled, "the read was cancelled");
}

Result<ChunkReader::View> EngineSeriesSet::Lease::view(std::size_t index, TimeRange range,
                                                       ChunkReader::Expired expired) {
  CHECK(index < set_.ids_.size(), "series {} of {}", index, set_.ids_.size());
  TRY(set_.check_cancelled());
  std::uint64_t decoded = 0;
  auto found = reader_->view(set_.ids_[index], range, expired, decoded);
  TRY(set_.account(decoded));
  return found;
}

Status EngineSeriesSet::Lease::read(std::size_t index, TimeRange range, SampleBuffer& out) {
  out.clear();
  const auto found = TRY(view(index, range, ChunkReader::Expired::kHide));
  out.timestamps_ms.assign(found.timestamps_ms.begin(), found.timestamps_ms.end());
  out.values.assign(found.values.begin(), found.values.end());
  return ok();
}

Status EngineSeriesSet::read(std::size_t index, TimeRange range, SampleBuffer& out) const {
  Lease lease(*this);
  return lease.read(index, range, out);
}

}  // namespace trimtab::embedded
