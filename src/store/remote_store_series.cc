// SPDX-License-Identifier: Apache-2.0
#include "store/remote_store_series.h"

#include <fmt/format.h>

#include "base/check.h"

namespace trimtab {

Result<SeriesId> RemoteSeriesTable::ensure(const Labels& labels) {
  const LabelsHash hash = labels.hash();
  const std::lock_guard lock(mutex_);
  const auto [first, last] = ids_.equal_range(hash);
  for (auto it = first; it != last; ++it) {
    if (series_[raw(it->second)] == labels) return it->second;
  }
  if (series_.size() >= series_max_) {
    return fail(ErrorCode::kLimit,
                fmt::format("series limit of {} reached; {} is not taken", series_max_, labels.to_string()));
  }
  const SeriesId id{static_cast<std::uint32_t>(series_.size())};
  series_.push_back(labels);
  ids_.emplace(hash, id);
  return id;
}

bool RemoteSeriesTable::has(SeriesId id) const {
  const std::lock_guard lock(mutex_);
  return raw(id) < series_.size();
}

Labels RemoteSeriesTable::labels(SeriesId id) const {
  const std::lock_guard lock(mutex_);
  CHECK(raw(id) < series_.size(), "series {}", raw(id));
  return series_[raw(id)];
}

std::size_t RemoteSeriesTable::size() const {
  const std::lock_guard lock(mutex_);
  return series_.size();
}

std::size_t RemoteSeriesTable::resolve(std::span<const LabelsHash> keys, std::span<SeriesId> out) const {
  const std::lock_guard lock(mutex_);
  std::size_t misses = 0;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto it = keys_.find(keys[i]);
    out[i] = it == keys_.end() ? kNoSeries : it->second;
    misses += it == keys_.end() ? 1 : 0;
  }
  return misses;
}

void RemoteSeriesTable::remember(const LabelsHash& key, SeriesId id) {
  const std::lock_guard lock(mutex_);
  if (keys_.size() >= kKeysMax) keys_.clear();
  keys_[key] = id;
}

}  // namespace trimtab
