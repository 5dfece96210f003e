// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/check.h"
#include "store/store.h"

namespace trimtab {

// A store in memory for tests, fuzz targets and benches of the decoders: keeps every sample, the last
// write of a time wins. Not thread-safe, no journal, no index.
class FakeStore final : public Store {
 public:
  FakeStore() { limits_.future_max_ms = kYearMs * 10000; }

  std::size_t resolve(std::span<const LabelsHash> keys, std::span<SeriesId> out) override {
    CHECK(keys.size() == out.size());
    std::size_t misses = 0;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const auto it = keys_.find(keys[i]);
      out[i] = it == keys_.end() ? kNoSeries : it->second;
      misses += it == keys_.end() ? 1 : 0;
    }
    return misses;
  }

  Result<SeriesId> ensure_series(const Labels& labels) override {
    ++ensure_calls;
    if (!refusal.empty()) return fail(ErrorCode::kUnavailable, refusal);
    if (labels.empty()) return invalid("no labels");
    if (const auto it = ids_.find(labels); it != ids_.end()) return it->second;
    if (ids_.size() >= limits_.series_count_max) return fail(ErrorCode::kLimit, "series bound reached");
    const SeriesId id{static_cast<std::uint32_t>(labels_.size())};
    ids_.emplace(labels, id);
    labels_.push_back(labels);
    samples_.emplace_back();
    return id;
  }

  void remember_key(const LabelsHash& key, SeriesId id) override { keys_[key] = id; }

  Result<AppendOutcome> append(std::span<const Sample> batch) override {
    if (!refusal.empty()) return fail(ErrorCode::kUnavailable, refusal);
    if (batch.size() > limits_.batch_samples_max) return fail(ErrorCode::kLimit, "batch too large");
    ++append_calls;
    AppendOutcome outcome;
    if (count_only) {
      outcome.taken = batch.size();
      return outcome;
    }
    for (const Sample& sample : batch) {
      if (raw(sample.series) >= samples_.size() || sample.timestamp_ms < kTimestampMin ||
          sample.timestamp_ms > kTimestampMax) {
        ++outcome.invalid_refused;
        continue;
      }
      const auto [it, fresh] = samples_[raw(sample.series)].emplace(sample.timestamp_ms, sample.value);
      if (!fresh && std::bit_cast<std::uint64_t>(it->second) == std::bit_cast<std::uint64_t>(sample.value)) {
        ++outcome.duplicates;
        continue;
      }
      outcome.overwritten += fresh ? 0 : 1;
      it->second = sample.value;
      ++outcome.taken;
    }
    return outcome;
  }

  Status set_metadata(std::string_view metric, const MetricMetadata& metadata) override {
    ++metadata_calls;
    metadata_[std::string(metric)] = metadata;
    return ok();
  }

  Result<std::unique_ptr<SeriesSet>> select(const Matchers& matchers, TimeRange,
                                            const ReadOptions&) override {
    auto set = std::make_unique<Set>(*this);
    for (std::size_t i = 0; i < labels_.size(); ++i) {
      if (matches_all(matchers, labels_[i])) set->indices.push_back(i);
    }
    return set;
  }
  Result<Matrix> aligned(const Matchers&, TimeRange, DurationMs, Align, const ReadOptions&) override {
    return invalid("not in the fake");
  }
  Result<std::vector<std::string>> label_names(const Matchers&, TimeRange) override {
    return invalid("not in the fake");
  }
  Result<std::vector<std::string>> label_values(std::string_view, const Matchers&, TimeRange) override {
    return invalid("not in the fake");
  }
  std::map<std::string, MetricMetadata> metadata() override { return metadata_; }
  Result<std::uint64_t> remove(const Matchers&, TimeRange) override { return invalid("not in the fake"); }
  Status flush() override { return ok(); }
  StoreStats stats() override {
    StoreStats out;
    out.series = labels_.size();
    for (const auto& series : samples_) out.samples += series.size();
    return out;
  }
  const StoreLimits& limits() const override { return limits_; }
  std::string write_refusal() override { return refusal; }

  // --- for tests -------------------------------------------------------------------------------
  StoreLimits& mutable_limits() { return limits_; }
  // The samples of a series by its labels' to_string(); empty when there is none.
  std::map<TimestampMs, double> samples(std::string_view series) const {
    for (std::size_t i = 0; i < labels_.size(); ++i) {
      if (labels_[i].to_string() == series) return samples_[i];
    }
    return {};
  }
  std::vector<std::string> series() const {
    std::vector<std::string> out;
    for (const auto& [labels, id] : ids_) out.push_back(labels.to_string());
    return out;
  }

  std::string refusal;  // when set, writes fail with it
  bool count_only = false;
  std::uint64_t ensure_calls = 0;
  std::uint64_t append_calls = 0;
  std::uint64_t metadata_calls = 0;

 private:
  struct Set final : SeriesSet {
    explicit Set(const FakeStore& owner) : store(owner) {}
    std::size_t size() const override { return indices.size(); }
    SeriesId id(std::size_t index) const override {
      return SeriesId{static_cast<std::uint32_t>(indices[index])};
    }
    Labels labels(std::size_t index) const override { return store.labels_[indices[index]]; }
    Status read(std::size_t index, TimeRange range, SampleBuffer& out) const override {
      out.clear();
      for (const auto& [time, value] : store.samples_[indices[index]]) {
        if (!range.contains(time)) continue;
        out.timestamps_ms.push_back(time);
        out.values.push_back(value);
      }
      return ok();
    }
    const FakeStore& store;
    std::vector<std::size_t> indices;
  };

  StoreLimits limits_;
  boost::unordered_flat_map<LabelsHash, SeriesId, std::hash<LabelsHash>> keys_;
  std::map<Labels, SeriesId> ids_;
  std::vector<Labels> labels_;
  std::vector<std::map<TimestampMs, double>> samples_;
  std::map<std::string, MetricMetadata> metadata_;
};

}  // namespace trimtab
