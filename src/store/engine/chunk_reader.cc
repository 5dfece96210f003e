// SPDX-License-Identifier: Apache-2.0
#include "store/engine/chunk_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/time.h"
#include "store/codec/chunk_codec.h"
#include "store/engine/chunk_runs.h"
#include "store/engine/keys.h"
#include "store/engine/rocks_options.h"

namespace trimtab::embedded {
namespace {

// Runs were appended in order of time; the order that decides is that of their sequences.
void order_runs(SampleBuffer& samples, std::vector<std::size_t>& starts,
                const std::vector<std::uint64_t>& sequences) {
  if (std::is_sorted(sequences.begin(), sequences.end())) return;
  std::vector<std::size_t> order(sequences.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return sequences[a] < sequences[b]; });
  SampleBuffer out;
  std::vector<std::size_t> new_starts;
  for (const std::size_t run : order) {
    const auto begin = static_cast<std::ptrdiff_t>(starts[run]);
    const auto end = static_cast<std::ptrdiff_t>(run + 1 < starts.size() ? starts[run + 1] : samples.size());
    new_starts.push_back(out.size());
    out.timestamps_ms.insert(out.timestamps_ms.end(), samples.timestamps_ms.begin() + begin,
                             samples.timestamps_ms.begin() + end);
    out.values.insert(out.values.end(), samples.values.begin() + begin, samples.values.begin() + end);
  }
  samples = std::move(out);
  starts = std::move(new_starts);
}

}  // namespace

ChunkReader::ChunkReader(Core& core) : core_(core) {}
ChunkReader::~ChunkReader() = default;

// The head first, the chunks second: what is sealed in between is then seen twice and merged, never
// missed. Returns whether any sealed chunk may lie in the range.
bool ChunkReader::copy_head(std::uint32_t series, TimeRange range, std::uint32_t& span_s) {
  open_.clear();
  late_.clear();
  Head& head = core_.heads.at(series);
  const HeadLock lock(head);
  span_s = head.chunk_span_s;
  if (!head.has_samples() || head.newest_ms < range.from || head.oldest_ms > range.to) return false;
  if (head.has_open() && head_start(head) <= range.to) (void)head_copy(head, open_);
  if (head.late != nullptr) {
    for (const LateSample& sample : *head.late) {
      if (!range.contains(sample.timestamp_ms)) continue;
      late_.timestamps_ms.push_back(sample.timestamp_ms);
      late_.values.push_back(sample.value);
    }
  }
  return true;
}

void ChunkReader::renew() {
  const std::uint64_t epoch = core_.seal_epoch.load(std::memory_order_acquire);
  if (at_ != nullptr && epoch == epoch_) return;
  rocksdb::ReadOptions options;
  options.total_order_seek = true;
  at_ = core_.database->iterate(Family::kChunks, options);
  epoch_ = epoch;
  done_below_ = -1;
}

void ChunkReader::position(std::uint32_t series, TimestampMs from) {
  const ChunkKey key = chunk_key(series, from, 0);
  if (done_below_ >= 0 && static_cast<std::int64_t>(series) > done_below_) {
    // No chunk lies between the series read last and where the iterator stands.
    if (!at_->Valid() || at_->key().compare(slice(embedded::view(key))) >= 0) return;
  }
  at_->Seek(slice(embedded::view(key)));
}

std::unexpected<Error> ChunkReader::corrupt(std::uint32_t series, std::string_view chunk,
                                            const Error& error) {
  core_.metrics.corrupt_chunks.add();
  core_.corrupt_chunks.fetch_add(1, std::memory_order_relaxed);
  std::string name;
  {
    const std::shared_lock lock(core_.index_mutex);
    name = core_.index.labels(series).to_string();
  }
  return fail(error.code() == ErrorCode::kIo ? ErrorCode::kIo : ErrorCode::kCorrupt,
              fmt::format("series {} {}, {}: {}", series, name, chunk, error.message()));
}

void ChunkReader::reserve(std::size_t more) {
  if (times_.size() - used_ >= more) return;
  const std::size_t size = std::max(used_ + more, times_.size() * 2);
  times_.resize(size);
  values_.resize(size);
}

Status ChunkReader::decode_run(std::string_view chunk, std::size_t count, TimeRange range,
                               std::uint64_t sequence) {
  reserve(count);
  TimestampMs* const times = times_.data() + used_;
  double* const values = values_.data() + used_;
  const std::size_t found = TRY(decode_chunk(chunk, std::span(times, count), std::span(values, count)));
  std::size_t begin = 0;
  std::size_t end = found;
  if (found != 0 && times[0] < range.from) {
    begin = static_cast<std::size_t>(std::lower_bound(times, times + found, range.from) - times);
  }
  if (found != 0 && times[found - 1] > range.to) {
    end = static_cast<std::size_t>(std::upper_bound(times, times + found, range.to) - times);
  }
  if (begin >= end) return ok();
  if (begin != 0) {
    std::memmove(times, times + begin, (end - begin) * sizeof *times);
    std::memmove(values, values + begin, (end - begin) * sizeof *values);
  }
  in_order_ = in_order_ && (used_ == 0 || times_[used_ - 1] < times[0]);
  runs_.push_back({sequence, used_});
  used_ += end - begin;
  return ok();
}

void ChunkReader::append_run(const SampleBuffer& samples, TimeRange range) {
  const auto& times = samples.timestamps_ms;
  const auto begin = std::lower_bound(times.begin(), times.end(), range.from) - times.begin();
  const auto end = std::upper_bound(times.begin(), times.end(), range.to) - times.begin();
  if (begin >= end) return;
  reserve(static_cast<std::size_t>(end - begin));
  in_order_ = in_order_ && (used_ == 0 || times_[used_ - 1] < times[static_cast<std::size_t>(begin)]);
  runs_.push_back({kChunkSequenceMax, used_});  // newer in writing than every chunk
  std::copy(times.begin() + begin, times.begin() + end, times_.begin() + static_cast<std::ptrdiff_t>(used_));
  std::copy(samples.values.begin() + begin, samples.values.begin() + end,
            values_.begin() + static_cast<std::ptrdiff_t>(used_));
  used_ += static_cast<std::size_t>(end - begin);
}

Status ChunkReader::read_chunks(std::uint32_t series, TimeRange range, std::uint64_t& decoded) {
  for (; at_->Valid(); at_->Next()) {
    const auto place = parse_chunk_key(embedded::view(at_->key()));
    if (!place || place->series != series || place->start_ms > range.to) break;
    const std::string_view value = embedded::view(at_->value());
    const auto name = [&] {
      return fmt::format("chunk from {} (number {})", format_timestamp(place->start_ms), place->sequence);
    };
    const auto header = decode_chunk_header(value);
    if (!header) return corrupt(series, name(), header.error());
    if (header->last_ms < range.from) continue;
    if (Status status = decode_run(value, header->count, range, place->sequence); !status) {
      return corrupt(series, name(), status.error());
    }
    decoded += header->count;
  }
  if (Status status = to_status(at_->status(), "reading chunks"); !status) {
    at_.reset();
    return corrupt(series, "a block of chunks", status.error());
  }
  return ok();
}

// The rare case: runs overlap, so the order of their sequences decides.
ChunkReader::View ChunkReader::merged() {
  merged_.timestamps_ms.assign(times_.begin(), times_.begin() + static_cast<std::ptrdiff_t>(used_));
  merged_.values.assign(values_.begin(), values_.begin() + static_cast<std::ptrdiff_t>(used_));
  std::vector<std::size_t> starts;
  std::vector<std::uint64_t> sequences;
  for (const Run& run : runs_) {
    starts.push_back(run.start);
    sequences.push_back(run.sequence);
  }
  order_runs(merged_, starts, sequences);
  merge_runs(merged_, starts);
  return {merged_.timestamps_ms, merged_.values};
}

Result<ChunkReader::View> ChunkReader::view(std::uint32_t series, TimeRange range, Expired expired,
                                            std::uint64_t& decoded) {
  used_ = 0;
  in_order_ = true;
  runs_.clear();
  if (expired == Expired::kHide) range.from = std::max(range.from, core_.retention_cutoff());
  std::uint32_t span_s = 0;
  if (range.empty() || !copy_head(series, range, span_s)) return View{};
  renew();
  position(series, std::max(kTimestampMin, range.from - std::int64_t{span_s} * kSecondMs));
  done_below_ = series;
  TRY(read_chunks(series, range, decoded));
  decoded += open_.size() + late_.size();
  append_run(open_, range);
  append_run(late_, range);
  if (!in_order_) return merged();
  return View{{times_.data(), used_}, {values_.data(), used_}};
}

}  // namespace trimtab::embedded
