// SPDX-License-Identifier: Apache-2.0
#include "store/codec/downsample.h"

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace trimtab {

TierBucket merge(const TierBucket& a, const TierBucket& b) {
  return {std::min(a.min, b.min), std::max(a.max, b.max), a.sum + b.sum, a.count + b.count};
}

void TierBuckets::clear() {
  timestamps_ms.clear();
  min.clear();
  max.clear();
  sum.clear();
  count.clear();
}

void TierBuckets::add(TimestampMs timestamp_ms, const TierBucket& bucket) {
  if (size() > 0 && timestamps_ms.back() == timestamp_ms) {
    const TierBucket both = merge((*this)[size() - 1], bucket);
    min.back() = both.min;
    max.back() = both.max;
    sum.back() = both.sum;
    count.back() = both.count;
    return;
  }
  CHECK(size() == 0 || timestamps_ms.back() < timestamp_ms, "buckets must come in rising time");
  timestamps_ms.push_back(timestamp_ms);
  min.push_back(bucket.min);
  max.push_back(bucket.max);
  sum.push_back(bucket.sum);
  count.push_back(bucket.count);
}

TimestampMs bucket_end(TimestampMs timestamp_ms, DurationMs bucket_ms) {
  const TimestampMs into = timestamp_ms % bucket_ms;
  if (into == 0) return timestamp_ms;
  return timestamp_ms - into + (into > 0 ? bucket_ms : 0);
}

void downsample(std::span<const TimestampMs> timestamps_ms, std::span<const double> values,
                DurationMs bucket_ms, TierBuckets& out) {
  CHECK(timestamps_ms.size() == values.size() && bucket_ms > 0);
  for (std::size_t i = 0; i < values.size();) {
    const TimestampMs end = bucket_end(timestamps_ms[i], bucket_ms);
    TierBucket bucket{std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(), 0,
                      0};
    for (; i < values.size() && timestamps_ms[i] <= end; ++i) {
      const double value = values[i];
      const bool good = value == value;
      bucket.min = value < bucket.min ? value : bucket.min;
      bucket.max = value > bucket.max ? value : bucket.max;
      bucket.sum += good ? value : 0.0;
      bucket.count += good ? 1 : 0;
    }
    if (bucket.count > 0) out.add(end, bucket);
  }
}

TierBuckets merge(const TierBuckets& a, const TierBuckets& b) {
  TierBuckets out;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() || j < b.size()) {
    const bool from_a = j == b.size() || (i < a.size() && a.timestamps_ms[i] <= b.timestamps_ms[j]);
    if (from_a) {
      out.add(a.timestamps_ms[i], a[i]);
      ++i;
    } else {
      out.add(b.timestamps_ms[j], b[j]);
      ++j;
    }
  }
  return out;
}

}  // namespace trimtab
