// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/labels.h"
#include "base/rejects.h"
#include "store/store.h"

namespace trimtab {

// Where the collectors' sources put their numbers: turns (name, labels, value) into samples of one instant. A
// number seen in one round and not in the next gets a stale marker. Cost per number: one hash and one
// look-up; labels are built only for new series. Externally locked.
class SeriesSink {
 public:
  struct Pair {
    std::string_view name;
    std::string_view value;
  };
  using Pairs = std::initializer_list<Pair>;

  // Every series carries `common`. Beyond series_max live series, new ones are left out and counted under
  // `source` ("host").
  SeriesSink(Store& store, Rejects& rejects, std::string source, Labels common, std::size_t series_max)
      : store_(store),
        rejects_(rejects),
        source_(std::move(source)),
        common_(std::move(common)),
        series_max_(series_max) {}

  // A second begin() before commit() drops what was put in between.
  void begin(TimestampMs at);
  void counter(std::string_view name, double value, Pairs labels = {}) {
    add(name, value, {labels.begin(), labels.size()}, MetricType::kCounter);
  }
  void gauge(std::string_view name, double value, Pairs labels = {}) {
    add(name, value, {labels.begin(), labels.size()}, MetricType::kGauge);
  }
  void untyped(std::string_view name, double value, Pairs labels = {}) {
    add(name, value, {labels.begin(), labels.size()}, MetricType::kUnknown);
  }
  void add(std::string_view name, double value, std::span<const Pair> labels, MetricType type);
  // Stores the round. Errors: what Store::append says; the round is then lost and counted.
  Status commit();
  // Writes stale markers for all that is live (its subject is gone for good).
  Status end(TimestampMs at);

  std::size_t live() const { return slots_.size(); }

 private:
  struct Slot {
    SeriesId series = kNoSeries;
    std::uint64_t round = 0;
  };
  SeriesId create(std::string_view name, std::span<const Pair> labels, MetricType type);

  Store& store_;
  Rejects& rejects_;
  const std::string source_;
  const Labels common_;
  const std::size_t series_max_;
  std::unordered_map<LabelsHash, Slot> slots_;
  std::vector<Sample> batch_;
  std::string key_;
  TimestampMs at_ = 0;
  std::uint64_t round_ = 0;
};

}  // namespace trimtab
