// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "ingest/otlp_model.h"

namespace trimtab {

// One bucket of a classic histogram: what lies at or below its bound and above the one before.
struct ClassicBucket {
  double upper_bound = 0;
  double count = 0;
};

// The buckets of an explicit histogram, without the last one (+Inf). False when bounds and counts do
// not fit each other or the bounds do not rise.
bool explicit_buckets(const OtlpPoint& point, std::vector<ClassicBucket>& out);

// An exponential histogram on a fixed grid, so that its `le` labels stay the same from point to point
// while the sender changes its scale: scale kGridScale (bounds grow by 2^(1/4), about 19 %) where the
// sender's is finer; else the sender's own; coarser where more than kGridBucketsMax would be needed.
// Bounds from the lowest to the highest occupied bucket, gaps included. Returns the scale used; false
// in `valid` for scales outside -11..20.
//   negative buckets | zero bucket (le = zero threshold) | positive buckets
struct GridResult {
  bool valid = false;
  int scale = 0;
};
GridResult exponential_buckets(const OtlpPoint& point, std::vector<ClassicBucket>& out);

inline constexpr int kGridScale = 2;
inline constexpr int kGridBucketsMax = 160;  // per sign

}  // namespace trimtab
