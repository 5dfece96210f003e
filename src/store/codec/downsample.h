// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace trimtab {

// What is left of the samples of one stretch of time. Two summaries of one stretch merge into one, in
// any order and grouping (the sum up to rounding).
struct TierBucket {
  double min = 0;
  double max = 0;
  double sum = 0;
  std::uint64_t count = 0;  // >= 1
  friend bool operator==(const TierBucket&, const TierBucket&) = default;
};
TierBucket merge(const TierBucket& a, const TierBucket& b);

// Buckets of one series in columns of equal length, times strictly rising. A bucket at time t (a
// multiple of the bucket length) covers (t - length, t], as the cells of an aligned read do. Stretches
// without values have no bucket.
struct TierBuckets {
  std::vector<TimestampMs> timestamps_ms;
  std::vector<double> min;
  std::vector<double> max;
  std::vector<double> sum;
  std::vector<std::uint64_t> count;

  std::size_t size() const { return timestamps_ms.size(); }
  void clear();
  void add(TimestampMs timestamp_ms, const TierBucket& bucket);
  TierBucket operator[](std::size_t index) const {
    return {min[index], max[index], sum[index], count[index]};
  }
  friend bool operator==(const TierBuckets&, const TierBuckets&) = default;
};

// The end of the bucket that `timestamp_ms` falls into.
TimestampMs bucket_end(TimestampMs timestamp_ms, DurationMs bucket_ms);

// Appends the samples' buckets to `out`. NaN of any kind, stale markers included, is no value and counts
// nowhere; infinities are values. Sums run in time order. Should the first bucket be the last one of
// `out`, they merge, so that samples may come in pieces. Requires: bucket_ms > 0, times strictly rising
// and not before the last bucket of `out` begins.
void downsample(std::span<const TimestampMs> timestamps_ms, std::span<const double> values,
                DurationMs bucket_ms, TierBuckets& out);

// The buckets of both, merged where they share a time. Linear.
TierBuckets merge(const TierBuckets& a, const TierBuckets& b);

}  // namespace trimtab
