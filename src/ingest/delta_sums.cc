// SPDX-License-Identifier: Apache-2.0
#include "ingest/delta_sums.h"

#include <algorithm>

namespace trimtab {
namespace {

// Buckets meet by their bounds; new ones are sorted in.
void add_buckets(std::vector<ClassicBucket>& total, const std::vector<ClassicBucket>& delta) {
  for (const ClassicBucket& bucket : delta) {
    const auto it =
        std::lower_bound(total.begin(), total.end(), bucket.upper_bound,
                         [](const ClassicBucket& one, double bound) { return one.upper_bound < bound; });
    if (it != total.end() && it->upper_bound == bucket.upper_bound) {
      it->count += bucket.count;
    } else {
      total.insert(it, bucket);
    }
  }
}

}  // namespace

DeltaSums::DeltaSums(Metrics& metrics, std::size_t streams_max)
    : streams_max_(std::max<std::size_t>(1, streams_max)),
      evicted_(metrics.counter("trimtab_otlp_delta_streams_evicted_total",
                               "Delta streams forgotten because the bound was reached.")),
      streams_(metrics.gauge("trimtab_otlp_delta_streams", "Delta streams being added up.")) {}

DeltaSums::Streams::iterator DeltaSums::find_or_create(const LabelsHash& key, bool& existed) {
  const auto found = by_key_.find(key);
  existed = found != by_key_.end();
  if (existed) {
    order_.splice(order_.begin(), order_, found->second);
    return found->second;
  }
  if (order_.size() == streams_max_) {
    by_key_.erase(order_.back().key);
    order_.pop_back();
    evicted_.add();
  }
  order_.push_front({.key = key, .last_ns = 0, .version = 0, .total = {}});
  by_key_[key] = order_.begin();
  streams_.set(static_cast<double>(order_.size()));
  return order_.begin();
}

std::optional<DeltaTotal> DeltaSums::Request::add(const LabelsHash& stream, std::uint64_t start_ns,
                                                  std::uint64_t time_ns, const DeltaTotal& delta) {
  const std::lock_guard lock(sums_.mutex_);
  bool existed = false;
  const auto it = sums_.find_or_create(stream, existed);
  if (existed && (time_ns <= it->last_ns || (start_ns != 0 && start_ns < it->last_ns))) return std::nullopt;
  const std::uint64_t version = sums_.next_version_++;
  undo_.push_back({stream, version, it->version, existed, it->last_ns, it->total});
  it->version = version;
  it->last_ns = time_ns;
  it->total.sum += delta.sum;
  it->total.count += delta.count;
  add_buckets(it->total.buckets, delta.buckets);
  return it->total;
}

DeltaSums::Request::~Request() {
  if (undo_.empty()) return;
  const std::lock_guard lock(sums_.mutex_);
  for (auto before = undo_.rbegin(); before != undo_.rend(); ++before) {
    const auto found = sums_.by_key_.find(before->stream);
    if (found == sums_.by_key_.end() || found->second->version != before->version) continue;
    if (!before->existed) {
      sums_.order_.erase(found->second);
      sums_.by_key_.erase(found);
      continue;
    }
    Stream& stream = *found->second;
    stream.last_ns = before->last_ns;
    stream.total = std::move(before->total);
    stream.version = before->version_before;  // an earlier point of this request may be undone next
  }
  sums_.streams_.set(static_cast<double>(sums_.order_.size()));
}

}  // namespace trimtab
