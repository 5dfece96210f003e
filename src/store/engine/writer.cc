// SPDX-License-Identifier: Apache-2.0
#include "store/engine/writer.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/engine/keys.h"
#include "store/engine/rocks_options.h"

namespace trimtab::embedded {
namespace {

// How far ahead of the loop a head, and then its raw buffer, is asked for. 100k scattered heads do
// not fit the caches; with both distances their misses overlap.
constexpr std::size_t kHeadAhead = 24;
constexpr std::size_t kRawAhead = 8;

void prefetch_ahead(const HeadTable& heads, std::span<const Sample> samples, std::size_t i,
                    std::uint32_t count) {
  if (i + kHeadAhead < samples.size()) {
    const std::uint32_t id = raw(samples[i + kHeadAhead].series);
    if (id < count) __builtin_prefetch(&heads.at(id), 1);
  }
  if (i + kRawAhead < samples.size()) {
    const std::uint32_t id = raw(samples[i + kRawAhead].series);
    if (id < count) {
      const Head& head = heads.at(id);
      __builtin_prefetch(head.raw + head.raw_count * kRawEntryBytes, 1);
    }
  }
}

}  // namespace

// Sorts out what must not reach the journal. The common batch is good as it is and is not copied.
std::span<const Sample> Writer::screen(std::span<const Sample> batch, AppendOutcome& outcome) {
  const TimestampMs cutoff = core_.retention_cutoff();
  const TimestampMs latest =
      std::min(kTimestampMax, core_.clock.now_ms() + core_.options.limits.future_max_ms);
  const DurationMs window = core_.options.out_of_order_window_ms;
  const std::uint32_t count = core_.heads.size();
  bool copying = false;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    prefetch_ahead(core_.heads, batch, i, count);
    const Sample& sample = batch[i];
    const std::uint32_t id = raw(sample.series);
    const TimestampMs t = sample.timestamp_ms;
    bool good = t >= cutoff && t <= latest && id < count && core_.heads.at(id).alive();
    if (!good) {
      if (t < kTimestampMin || t > kTimestampMax || id >= count || !core_.heads.at(id).alive()) {
        ++outcome.invalid_refused;
      } else if (t > latest) {
        ++outcome.future_refused;
      } else {
        ++outcome.too_old_refused;
      }
    } else if (window > 0) {
      const Head& head = core_.heads.at(id);
      good = !head.has_samples() || t >= head.newest_ms - window;
      if (!good) ++outcome.too_old_refused;
    }
    if (good) {
      if (copying) screened_.push_back(sample);
    } else if (!copying) {
      screened_.assign(batch.begin(), batch.begin() + static_cast<std::ptrdiff_t>(i));
      copying = true;
    }
  }
  return copying ? std::span<const Sample>(screened_) : batch;
}

// New series first, then the samples, in one atomic write.
Status Writer::journal(std::span<const Sample> samples) {
  std::vector<std::pair<std::uint32_t, std::string>> definitions;
  if (core_.has_pending.load(std::memory_order_acquire)) {
    const std::lock_guard lock(core_.pending_mutex);
    definitions.swap(core_.pending_series);
    core_.has_pending.store(false, std::memory_order_release);
  }
  rocksdb::WriteBatch batch;
  for (const auto& [id, labels] : definitions) {
    batch.Put(core_.database->family(Family::kSeries), slice(view(series_key(id))), labels);
  }
  if (!samples.empty()) {
    const std::string_view entry = encode_journal_samples(samples, scratch_);
    batch.Put(core_.database->family(Family::kJournal), slice(view(journal_key(core_.journal_next))),
              slice(entry));
  } else if (definitions.empty()) {
    return ok();
  }
  // A failed write may have reached the log in part, so its sequence is never used again.
  if (!samples.empty()) ++core_.journal_next;
  if (Status status = core_.database->write(batch); !status) {
    if (!definitions.empty()) {
      const std::lock_guard lock(core_.pending_mutex);
      core_.pending_series.insert(core_.pending_series.begin(), definitions.begin(), definitions.end());
      core_.has_pending.store(true, std::memory_order_release);
    }
    core_.write_failed(status.error());
    return status;
  }
  core_.journal_bytes.fetch_add(batch.GetDataSize(), std::memory_order_relaxed);
  return ok();
}

void Writer::apply(std::span<const Sample> samples, AppendOutcome& outcome) {
  HeadMemory& memory = core_.heads.memory();
  const std::uint32_t count = core_.heads.size();
  for (std::size_t i = 0; i < samples.size(); ++i) {
    prefetch_ahead(core_.heads, samples, i, count);
    const Sample& sample = samples[i];
    const std::uint32_t id = raw(sample.series);
    Head& head = core_.heads.at(id);
    AppendResult result{};
    {
      const HeadLock lock(head);
      result = head_append(head, id, sample.timestamp_ms, sample.value, memory);
    }
    switch (result.applied) {
      case Applied::kTaken: break;
      case Applied::kLate: ++outcome.out_of_order; break;
      case Applied::kOverwritten: ++outcome.overwritten; break;
      case Applied::kDuplicate: ++outcome.duplicates; break;
    }
    if (result.full != Full::kNo) [[unlikely]] {
      (result.full == Full::kOpen ? full_open_ : full_late_).push_back(id);
    }
  }
  outcome.taken += samples.size();
  outcome.taken -= outcome.duplicates;
}

Result<AppendOutcome> Writer::append_locked(std::span<const Sample> batch, std::uint64_t& ticket) {
  AppendOutcome outcome;
  const std::lock_guard lock(core_.append_mutex);
  TRY(core_.gate.check());
  const std::span<const Sample> samples = screen(batch, outcome);
  if (samples.empty()) return outcome;
  TRY(journal(samples));
  ticket = core_.syncs.wrote();
  full_open_.clear();
  full_late_.clear();
  apply(samples, outcome);
  seal_full();
  return outcome;
}

// What can not be sealed now stays in its head and asks again when its next block is full.
void Writer::seal_full() {
  if (core_.heads.memory().late_samples.load(std::memory_order_relaxed) >= core_.limits.late_samples_max) {
    full_late_.clear();
    const std::uint32_t count = core_.heads.size();
    for (std::uint32_t id = 0; id < count; ++id) {
      if (core_.heads.at(id).late != nullptr) full_late_.push_back(id);
    }
    core_.metrics.late_spills.add();
  }
  for (auto* const ids : {&full_open_, &full_late_}) {
    if (ids->empty()) continue;
    std::sort(ids->begin(), ids->end());
    ids->erase(std::unique(ids->begin(), ids->end()), ids->end());
    (void)seal_locked(*ids, ids == &full_open_ ? Part::kOpen : Part::kLate);
  }
}

Result<AppendOutcome> Writer::append(std::span<const Sample> batch) {
  if (batch.size() > core_.options.limits.batch_samples_max) {
    core_.metrics.refused_batches_limit.add();
    return fail(ErrorCode::kLimit, fmt::format("batch of {} samples; at most {} are allowed", batch.size(),
                                               core_.options.limits.batch_samples_max));
  }
  std::uint64_t ticket = 0;
  auto outcome = append_locked(batch, ticket);
  if (!outcome) {
    core_.metrics.refused_batches_unavailable.add();
    return outcome;
  }
  if (ticket != 0 && core_.options.durability == Durability::kSync) TRY(core_.syncs.wait(ticket));
  count(*outcome);
  return outcome;
}

void Writer::count(const AppendOutcome& outcome) {
  const auto add = [](Counter& counter, std::uint64_t amount) {
    if (amount != 0) counter.add(static_cast<double>(amount));
  };
  add(core_.metrics.samples, outcome.taken);
  add(core_.metrics.duplicates, outcome.duplicates);
  add(core_.metrics.overwritten, outcome.overwritten);
  add(core_.metrics.out_of_order, outcome.out_of_order);
  add(core_.metrics.refused_future, outcome.future_refused);
  add(core_.metrics.refused_too_old, outcome.too_old_refused);
  add(core_.metrics.refused_invalid, outcome.invalid_refused);
}

Status Writer::write_pending() {
  const std::lock_guard lock(core_.append_mutex);
  TRY(core_.gate.check());
  return journal({});
}

Result<SeriesId> Writer::ensure_series(const Labels& labels) {
  if (labels.empty()) return invalid("a series needs at least one label");
  {
    const std::shared_lock lock(core_.index_mutex);
    if (const auto id = core_.index.find(labels)) return SeriesId{*id};
  }
  TRY(core_.gate.check());
  const std::unique_lock lock(core_.index_mutex);
  if (const auto id = core_.index.find(labels)) return SeriesId{*id};
  constexpr std::size_t kLabelsCountMax = 255;
  if (labels.size() > kLabelsCountMax) {
    return fail(ErrorCode::kLimit, fmt::format("{} labels on one series; the store takes at most {}",
                                               labels.size(), kLabelsCountMax));
  }
  if (core_.index.alive_count() >= core_.options.limits.series_count_max) {
    core_.metrics.refused_series_limit.add();
    return fail(ErrorCode::kLimit,
                fmt::format("{} series are stored, the bound series_count_max; new ones are refused",
                            core_.index.alive_count()));
  }
  if (core_.heads.memory_bytes() >= core_.limits.memory_bytes_max) {
    core_.metrics.refused_series_memory.add();
    return fail(ErrorCode::kLimit,
                fmt::format("heads take {} bytes of memory, the bound is {}; new series are refused",
                            core_.heads.memory_bytes(), core_.limits.memory_bytes_max));
  }
  if (core_.series_next == raw(kNoSeries))
    return fail(ErrorCode::kLimit, "all 2^32 - 1 series numbers are used up");
  const std::uint32_t id = core_.series_next++;
  core_.heads.ensure(id + 1, Head::kAlive);
  core_.index.add(id, labels);
  {
    const std::lock_guard pending(core_.pending_mutex);
    core_.pending_series.emplace_back(id, encode_labels(labels));
    core_.has_pending.store(true, std::memory_order_release);
  }
  return SeriesId{id};
}

}  // namespace trimtab::embedded
