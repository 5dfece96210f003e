// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "store/store.h"

namespace trimtab {

// Samples in maps, for tests of what writes to a store. Simple on purpose; no bounds but those a test sets.
class MemoryStore final : public Store {
 public:
  StoreLimits limits_now;
  std::string refusal;  // not empty: every write fails with kUnavailable and this reason

  std::size_t resolve(std::span<const LabelsHash> keys, std::span<SeriesId> out) override {
    const std::lock_guard lock(mutex_);
    std::size_t misses = 0;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const auto it = keys_.find(keys[i]);
      out[i] = it == keys_.end() ? kNoSeries : it->second;
      misses += it == keys_.end();
    }
    return misses;
  }
  Result<SeriesId> ensure_series(const Labels& labels) override {
    const std::lock_guard lock(mutex_);
    if (!refusal.empty()) return fail(ErrorCode::kUnavailable, refusal);
    if (labels.empty()) return invalid("no labels");
    const auto it = ids_.find(labels);
    if (it != ids_.end()) return it->second;
    if (series_.size() >= limits_now.series_count_max) return fail(ErrorCode::kLimit, "series limit");
    const SeriesId id{static_cast<std::uint32_t>(series_.size())};
    series_.push_back({labels, {}});
    ids_[labels] = id;
    return id;
  }
  void remember_key(const LabelsHash& key, SeriesId id) override {
    const std::lock_guard lock(mutex_);
    keys_[key] = id;
  }
  Result<AppendOutcome> append(std::span<const Sample> batch) override {
    const std::lock_guard lock(mutex_);
    if (!refusal.empty()) return fail(ErrorCode::kUnavailable, refusal);
    if (batch.size() > limits_now.batch_samples_max) return fail(ErrorCode::kLimit, "batch limit");
    AppendOutcome outcome;
    for (const Sample& sample : batch) {
      if (raw(sample.series) >= series_.size()) {
        ++outcome.invalid_refused;
        continue;
      }
      series_[raw(sample.series)].second[sample.timestamp_ms] = sample.value;
      ++outcome.taken;
    }
    ++appends_;
    return outcome;
  }
  Status set_metadata(std::string_view metric, const MetricMetadata& metadata) override {
    const std::lock_guard lock(mutex_);
    metadata_[std::string(metric)] = metadata;
    return ok();
  }
  Result<std::unique_ptr<SeriesSet>> select(const Matchers& matchers, TimeRange,
                                            const ReadOptions&) override {
    const std::lock_guard lock(mutex_);
    auto set = std::make_unique<Set>();
    for (std::uint32_t i = 0; i < series_.size(); ++i) {
      if (matches_all(matchers, series_[i].first)) set->entries.push_back({SeriesId{i}, series_[i]});
    }
    return set;
  }
  Result<Matrix> aligned(const Matchers&, TimeRange, DurationMs, Align, const ReadOptions&) override {
    return invalid("not in the test store");
  }
  Result<std::vector<std::string>> label_names(const Matchers&, TimeRange) override {
    return invalid("not in the test store");
  }
  Result<std::vector<std::string>> label_values(std::string_view, const Matchers&, TimeRange) override {
    return invalid("not in the test store");
  }
  std::map<std::string, MetricMetadata> metadata() override { return metadata_; }
  Result<std::uint64_t> remove(const Matchers&, TimeRange) override {
    return invalid("not in the test store");
  }
  Status flush() override { return ok(); }
  StoreStats stats() override { return {}; }
  const StoreLimits& limits() const override { return limits_now; }
  std::string write_refusal() override { return refusal; }

  // For the tests' own questions.
  using Samples = std::map<TimestampMs, double>;
  // Of the one series that the selector names; empty when there is none.
  Samples samples(std::string_view selector) {
    const Matchers matchers = parse_selector(selector).value();
    const std::lock_guard lock(mutex_);
    for (const auto& [labels, samples] : series_) {
      if (matches_all(matchers, labels)) return samples;
    }
    return {};
  }
  std::set<std::string> series_names() {
    const std::lock_guard lock(mutex_);
    std::set<std::string> out;
    for (const auto& [labels, samples] : series_) out.insert(labels.to_string());
    return out;
  }
  std::size_t appends() const { return appends_; }

 private:
  struct Set final : SeriesSet {
    std::size_t size() const override { return entries.size(); }
    SeriesId id(std::size_t index) const override { return entries[index].first; }
    Labels labels(std::size_t index) const override { return entries[index].second.first; }
    Status read(std::size_t index, TimeRange range, SampleBuffer& out) const override {
      out.clear();
      for (const auto& [time, value] : entries[index].second.second) {
        if (!range.contains(time)) continue;
        out.timestamps_ms.push_back(time);
        out.values.push_back(value);
      }
      return ok();
    }
    std::vector<std::pair<SeriesId, std::pair<Labels, std::map<TimestampMs, double>>>> entries;
  };

  std::mutex mutex_;
  std::vector<std::pair<Labels, Samples>> series_;
  std::map<Labels, SeriesId> ids_;
  std::unordered_map<LabelsHash, SeriesId> keys_;
  std::map<std::string, MetricMetadata> metadata_;
  std::size_t appends_ = 0;
};

}  // namespace trimtab
