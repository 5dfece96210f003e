// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <list>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "store/store.h"

namespace trimtab {

// Names for label sets while this process lives: SeriesIds of a store that keeps its index elsewhere. Bounded
// by StoreLimits::series_count_max. Thread-safe.
class RemoteSeriesTable {
 public:
  explicit RemoteSeriesTable(std::size_t series_max) : series_max_(series_max) {}

  Result<SeriesId> ensure(const Labels& labels);
  bool has(SeriesId id) const;
  // Requires: has(id).
  Labels labels(SeriesId id) const;
  std::size_t size() const;

  std::size_t resolve(std::span<const LabelsHash> keys, std::span<SeriesId> out) const;
  void remember(const LabelsHash& key, SeriesId id);

  static constexpr std::size_t kKeysMax = 4'000'000;  // beyond, all are forgotten: that costs time only

 private:
  const std::size_t series_max_;
  mutable std::mutex mutex_;
  std::vector<Labels> series_;
  std::unordered_multimap<LabelsHash, SeriesId> ids_;
  std::unordered_map<LabelsHash, SeriesId> keys_;
};

}  // namespace trimtab
