// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "store/store.h"

namespace trimtab::analyze {

// A store in memory, for tests and benches of what reads samples: series are added whole with add(), or
// made at read time by a function of (series, range) so that a hundred million samples need no memory.
// Writing through the Store interface is refused. Thread-safe for reading.
class FakeStore final : public Store {
 public:
  using Generate = std::function<void(std::size_t index, TimeRange range, SampleBuffer& out)>;

  SeriesId add(const Labels& labels, SampleBuffer samples) {
    labels_.push_back(labels);
    samples_.push_back(std::move(samples));
    return SeriesId(static_cast<std::uint32_t>(labels_.size() - 1));
  }
  // Even samples that end at `end_ms`.
  SeriesId add(const Labels& labels, TimestampMs end_ms, DurationMs step_ms,
               const std::vector<double>& values) {
    SampleBuffer buffer;
    for (std::size_t i = 0; i < values.size(); ++i) {
      buffer.timestamps_ms.push_back(end_ms - static_cast<DurationMs>(values.size() - 1 - i) * step_ms);
      buffer.values.push_back(values[i]);
    }
    return add(labels, std::move(buffer));
  }
  void set_generator(Generate generate) { generate_ = std::move(generate); }
  void set_type(const std::string& metric, MetricType type) { metadata_[metric].type = type; }

  std::size_t resolve(std::span<const LabelsHash> keys, std::span<SeriesId> out) override {
    std::fill(out.begin(), out.end(), kNoSeries);
    return keys.size();
  }
  Result<SeriesId> ensure_series(const Labels&) override { return refuse(); }
  void remember_key(const LabelsHash&, SeriesId) override {}
  Result<AppendOutcome> append(std::span<const Sample>) override { return refuse(); }
  Status set_metadata(std::string_view metric, const MetricMetadata& metadata) override {
    metadata_[std::string(metric)] = metadata;
    return ok();
  }
  Result<std::unique_ptr<SeriesSet>> select(const Matchers& matchers, TimeRange,
                                            const ReadOptions& = {}) override {
    auto set = std::make_unique<Set>(*this);
    for (std::size_t i = 0; i < labels_.size(); ++i) {
      if (matches_all(matchers, labels_[i])) set->indices.push_back(i);
    }
    return set;
  }
  Result<Matrix> aligned(const Matchers&, TimeRange, DurationMs, Align, const ReadOptions& = {}) override {
    return refuse();
  }
  Result<std::vector<std::string>> label_names(const Matchers&, TimeRange) override { return refuse(); }
  Result<std::vector<std::string>> label_values(std::string_view, const Matchers&, TimeRange) override {
    return refuse();
  }
  std::map<std::string, MetricMetadata> metadata() override { return metadata_; }
  Result<std::uint64_t> remove(const Matchers&, TimeRange) override { return refuse(); }
  Status flush() override { return ok(); }
  StoreStats stats() override {
    StoreStats stats;
    stats.series = labels_.size();
    return stats;
  }
  const StoreLimits& limits() const override { return limits_; }
  std::string write_refusal() override { return "a fake store"; }

 private:
  struct Set final : SeriesSet {
    explicit Set(const FakeStore& from) : store(from) {}
    std::size_t size() const override { return indices.size(); }
    SeriesId id(std::size_t index) const override {
      return SeriesId(static_cast<std::uint32_t>(indices[index]));
    }
    Labels labels(std::size_t index) const override { return store.labels_[indices[index]]; }
    Status read(std::size_t index, TimeRange range, SampleBuffer& out) const override {
      out.clear();
      if (store.generate_) {
        store.generate_(indices[index], range, out);
        return ok();
      }
      const SampleBuffer& from = store.samples_[indices[index]];
      const auto first = std::lower_bound(from.timestamps_ms.begin(), from.timestamps_ms.end(), range.from);
      const auto last = std::upper_bound(first, from.timestamps_ms.end(), range.to);
      out.timestamps_ms.assign(first, last);
      const auto offset = first - from.timestamps_ms.begin();
      out.values.assign(from.values.begin() + offset, from.values.begin() + offset + (last - first));
      return ok();
    }
    const FakeStore& store;
    std::vector<std::size_t> indices;
  };

  static std::unexpected<Error> refuse() { return fail(ErrorCode::kUnavailable, "a fake store"); }

  std::vector<Labels> labels_;
  std::vector<SampleBuffer> samples_;
  Generate generate_;
  std::map<std::string, MetricMetadata> metadata_;
  StoreLimits limits_;
};

}  // namespace trimtab::analyze
