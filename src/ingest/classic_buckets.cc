// SPDX-License-Identifier: Apache-2.0
#include "ingest/classic_buckets.h"

#include <algorithm>
#include <cmath>

namespace trimtab {
namespace {

// First and last occupied index at the sender's scale; first > last when all are empty.
struct Occupied {
  std::int64_t first = 0;
  std::int64_t last = -1;
};

Occupied occupied(const OtlpBuckets& buckets) {
  Occupied out;
  for (std::size_t i = 0; i < buckets.counts.size(); ++i) {
    if (buckets.counts[i] == 0) continue;
    const std::int64_t index = buckets.offset + static_cast<std::int64_t>(i);
    if (out.first > out.last) out.first = index;
    out.last = index;
  }
  return out;
}

// Bucket i at scale s lies in bucket i >> d at scale s - d (rounding down, also below zero).
std::int64_t at_scale(std::int64_t index, int down) { return index >> std::min(down, 62); }

// base^index with base = 2^(2^-scale), by the data model of exponential histograms.
double bound_of(std::int64_t index, int scale) {
  return std::exp2(std::ldexp(static_cast<double>(index), -scale));
}

std::vector<double> regroup(const OtlpBuckets& buckets, std::int64_t first, std::int64_t last, int down) {
  std::vector<double> counts(static_cast<std::size_t>(last - first + 1));
  for (std::size_t i = 0; i < buckets.counts.size(); ++i) {
    if (buckets.counts[i] == 0) continue;
    const std::int64_t index = at_scale(buckets.offset + static_cast<std::int64_t>(i), down);
    counts[static_cast<std::size_t>(index - first)] += static_cast<double>(buckets.counts[i]);
  }
  return counts;
}

void add_bucket(std::vector<ClassicBucket>& out, double bound, double count) {
  if (!std::isfinite(bound)) return;  // lies in +Inf, which is the point's count
  if (!out.empty() && bound <= out.back().upper_bound) {
    out.back().count += count;  // bounds so small that they meet
  } else {
    out.push_back({bound, count});
  }
}

}  // namespace

bool explicit_buckets(const OtlpPoint& point, std::vector<ClassicBucket>& out) {
  out.clear();
  if (point.bounds.empty()) return point.bucket_counts.size() <= 1;
  const bool has_counts = point.bucket_counts.size() == point.bounds.size() + 1;
  if (!has_counts && !(point.flags & OtlpPoint::kNoRecordedValue)) return false;
  for (std::size_t i = 0; i < point.bounds.size(); ++i) {
    if (!std::isfinite(point.bounds[i])) return false;
    if (i > 0 && !(point.bounds[i - 1] < point.bounds[i])) return false;
    out.push_back({point.bounds[i], has_counts ? static_cast<double>(point.bucket_counts[i]) : 0});
  }
  return true;
}

GridResult exponential_buckets(const OtlpPoint& point, std::vector<ClassicBucket>& out) {
  out.clear();
  if (point.scale < -11 || point.scale > 20) return {};
  const Occupied positive = occupied(point.positive);
  const Occupied negative = occupied(point.negative);
  int down = std::max(0, point.scale - kGridScale);
  const auto too_wide = [&](const Occupied& range) {
    return at_scale(range.last, down) - at_scale(range.first, down) >= kGridBucketsMax;
  };
  while (too_wide(positive) || too_wide(negative)) ++down;
  const int scale = point.scale - down;

  if (negative.first <= negative.last) {
    const std::int64_t first = at_scale(negative.first, down);
    const std::int64_t last = at_scale(negative.last, down);
    const std::vector<double> counts = regroup(point.negative, first, last, down);
    // Bucket i holds [-base^(i+1), -base^i): the largest magnitude comes first.
    for (std::int64_t i = last; i >= first; --i) {
      add_bucket(out, -bound_of(i, scale), counts[static_cast<std::size_t>(i - first)]);
    }
  }
  if (point.zero_count > 0 || negative.first <= negative.last) {
    add_bucket(out, std::max(0.0, point.zero_threshold), static_cast<double>(point.zero_count));
  }
  if (positive.first <= positive.last) {
    const std::int64_t first = at_scale(positive.first, down);
    const std::int64_t last = at_scale(positive.last, down);
    const std::vector<double> counts = regroup(point.positive, first, last, down);
    add_bucket(out, bound_of(first, scale), 0);
    for (std::int64_t i = first; i <= last; ++i) {
      add_bucket(out, bound_of(i + 1, scale), counts[static_cast<std::size_t>(i - first)]);
    }
  }
  return {true, scale};
}

}  // namespace trimtab
