// SPDX-License-Identifier: Apache-2.0
#include "store/index/key_cache.h"

#include <mutex>
#include <utility>
#include <vector>

#include "base/check.h"

namespace trimtab::embedded {

std::size_t KeyCache::resolve(std::span<const LabelsHash> keys, std::span<SeriesId> out) {
  CHECK(keys.size() == out.size(), "{} keys, {} places", keys.size(), out.size());
  std::size_t misses = 0;
  std::vector<std::size_t> confirmed;  // found in the old generation: they live on
  {
    const std::shared_lock lock(mutex_);
    const bool has_old = !old_.empty();
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (const auto found = young_.find(keys[i]); found != young_.end()) [[likely]] {
        out[i] = found->second;
        continue;
      }
      out[i] = kNoSeries;
      if (has_old) {
        if (const auto found = old_.find(keys[i]); found != old_.end()) {
          out[i] = found->second;
          confirmed.push_back(i);
          continue;
        }
      }
      ++misses;
    }
  }
  if (!confirmed.empty()) {
    const std::unique_lock lock(mutex_);
    for (const std::size_t i : confirmed) {
      // The old entry goes, so that a turn-over does not count it as forgotten.
      if (old_.erase(keys[i]) != 0) insert_young(keys[i], out[i]);
    }
  }
  return misses;
}

void KeyCache::remember(const LabelsHash& key, SeriesId id) {
  const std::unique_lock lock(mutex_);
  old_.erase(key);
  insert_young(key, id);
}

void KeyCache::insert_young(const LabelsHash& key, SeriesId id) {
  if (young_.size() >= generation_max_) {
    evictions_.fetch_add(old_.size(), std::memory_order_relaxed);
    old_ = std::exchange(young_, Map());
  }
  young_.insert_or_assign(key, id);
}

void KeyCache::clear() {
  const std::unique_lock lock(mutex_);
  young_ = Map();
  old_ = Map();
}

std::size_t KeyCache::memory_bytes() const {
  const std::shared_lock lock(mutex_);
  return (young_.bucket_count() + old_.bucket_count()) * (sizeof(Map::value_type) + 1);
}

}  // namespace trimtab::embedded
