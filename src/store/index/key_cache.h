// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <shared_mutex>
#include <span>

#include "base/labels.h"
#include "store/store.h"

namespace trimtab::embedded {

// Wire-byte hashes -> series, so that a writer that spells its labels the same way each time is
// recognised without parsing them. Two generations: when the young one is full it becomes the old one
// and what was old and not asked for since is forgotten. Thread-safe. A look-up takes about 5 ns
// while the table fits the caches.
class KeyCache {
 public:
  explicit KeyCache(std::size_t keys_max) : generation_max_(keys_max / 2) {}

  std::size_t resolve(std::span<const LabelsHash> keys, std::span<SeriesId> out);
  void remember(const LabelsHash& key, SeriesId id);
  void clear();

  std::uint64_t evictions() const { return evictions_.load(std::memory_order_relaxed); }
  std::size_t memory_bytes() const;

 private:
  using Map = boost::unordered_flat_map<LabelsHash, SeriesId, std::hash<LabelsHash>>;
  void insert_young(const LabelsHash& key, SeriesId id);

  const std::size_t generation_max_;
  mutable std::shared_mutex mutex_;
  Map young_;
  Map old_;
  std::atomic<std::uint64_t> evictions_{0};
};

}  // namespace trimtab::embedded
