// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/unordered/unordered_flat_set.hpp>
#include <mutex>

#include "base/metrics.h"
#include "ingest/delta_sums.h"
#include "ingest/receiver.h"

namespace trimtab {

// What OTLP needs to remember between requests.
struct Receiver::Otlp {
  Otlp(Metrics& metrics, const ReceiveLimits& limits) : deltas(metrics, limits.delta_streams_max) {}

  // True the first time for each metadata; forgets everything at the bound, which only costs time.
  bool is_new_metadata(const LabelsHash& hash) {
    const std::lock_guard lock(mutex);
    if (told.size() >= kToldMax) told.clear();
    return told.insert(hash).second;
  }
  void forget_metadata(const LabelsHash& hash) {
    const std::lock_guard lock(mutex);
    told.erase(hash);
  }

  static constexpr std::size_t kToldMax = 1 << 16;
  DeltaSums deltas;
  std::mutex mutex;
  boost::unordered_flat_set<LabelsHash, std::hash<LabelsHash>> told;
};

}  // namespace trimtab
