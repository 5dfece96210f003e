// SPDX-License-Identifier: Apache-2.0
#include "kernels/sketch/exponential_histogram.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"

namespace trimtab::kernels {
namespace {

void coarsen_buckets(ExponentialHistogram::Buckets& buckets, int steps) {
  if (steps == 0 || buckets.counts.empty()) return;
  // An arithmetic shift rounds towards minus infinity, which is what joins neighbours.
  const std::int32_t first = buckets.offset >> steps;
  const auto last = (buckets.offset + static_cast<std::int32_t>(buckets.counts.size()) - 1) >> steps;
  std::vector<std::uint64_t> joined(static_cast<std::size_t>(last - first) + 1, 0);
  for (std::size_t i = 0; i < buckets.counts.size(); ++i) {
    const std::int32_t index = (buckets.offset + static_cast<std::int32_t>(i)) >> steps;
    joined[static_cast<std::size_t>(index - first)] += buckets.counts[i];
  }
  buckets = {first, std::move(joined)};
}

}  // namespace

ExponentialHistogram::ExponentialHistogram(std::size_t buckets_max) : buckets_max_(buckets_max) {
  CHECK(buckets_max >= 4, "buckets_max {}", buckets_max);  // at kScaleMin all doubles fit into four
}

std::int32_t ExponentialHistogram::index_of(double value, int scale) {
  int exponent = 0;
  const double fraction =
      std::frexp(value, &exponent);  // value = fraction * 2^exponent, fraction in [0.5, 1)
  --exponent;                        // now value = (2 fraction) * 2^exponent
  const bool power = fraction == 0.5;
  if (scale <= 0) return (power ? exponent - 1 : exponent) >> -scale;
  const std::int32_t whole = exponent * (std::int32_t{1} << scale);
  if (power) return whole - 1;  // exactly on a bound; the logarithm below could fall to either side
  const double part = std::log2(2 * fraction) * std::ldexp(1.0, scale);
  return whole + std::min(static_cast<std::int32_t>(std::ceil(part)) - 1, (std::int32_t{1} << scale) - 1);
}

double ExponentialHistogram::upper_bound(std::int32_t index, int scale) {
  return std::exp2(std::ldexp(static_cast<double>(index) + 1, -scale));
}

int ExponentialHistogram::make_room(const Buckets& buckets, std::int32_t low, std::int32_t high) {
  if (!buckets.counts.empty()) {
    low = std::min(low, buckets.offset);
    high = std::max(high, buckets.offset + static_cast<std::int32_t>(buckets.counts.size()) - 1);
  }
  int steps = 0;
  while (static_cast<std::int64_t>(high >> steps) - (low >> steps) >= static_cast<std::int64_t>(buckets_max_))
    ++steps;
  return steps;
}

void ExponentialHistogram::coarsen(int steps) {
  coarsen_buckets(positive_, steps);
  coarsen_buckets(negative_, steps);
  scale_ -= steps;
}

void ExponentialHistogram::add_to(Buckets& buckets, std::int32_t index, std::uint64_t count) {
  if (const int steps = make_room(buckets, index, index); steps > 0) {
    coarsen(steps);
    index >>= steps;
  }
  if (buckets.counts.empty()) buckets.offset = index;
  if (index < buckets.offset) {
    buckets.counts.insert(buckets.counts.begin(), static_cast<std::size_t>(buckets.offset - index), 0);
    buckets.offset = index;
  }
  const auto at = static_cast<std::size_t>(index - buckets.offset);
  if (at >= buckets.counts.size()) buckets.counts.resize(at + 1, 0);
  buckets.counts[at] += count;
}

void ExponentialHistogram::add(double value, std::uint64_t count) {
  if (count == 0) return;
  if (!std::isfinite(value)) {
    refused_ += count;
    return;
  }
  min_ = count_ == 0 ? value : std::min(min_, value);
  max_ = count_ == 0 ? value : std::max(max_, value);
  count_ += count;
  sum_ += value * static_cast<double>(count);
  if (std::abs(value) < std::numeric_limits<double>::min()) {
    zero_ += count;
  } else {
    add_to(value > 0 ? positive_ : negative_, index_of(std::abs(value), scale_), count);
  }
}

void ExponentialHistogram::merge(const ExponentialHistogram& other) {
  refused_ += other.refused_;
  if (other.count_ == 0) return;
  if (other.scale_ < scale_) coarsen(scale_ - other.scale_);
  for (const bool above : {true, false}) {
    Buckets theirs = above ? other.positive_ : other.negative_;
    if (theirs.counts.empty()) continue;
    coarsen_buckets(theirs, other.scale_ - scale_);
    Buckets& mine = above ? positive_ : negative_;
    const auto last = theirs.offset + static_cast<std::int32_t>(theirs.counts.size()) - 1;
    if (const int steps = make_room(mine, theirs.offset, last); steps > 0) {
      coarsen(steps);
      coarsen_buckets(theirs, steps);
    }
    for (std::size_t i = 0; i < theirs.counts.size(); ++i) {
      if (theirs.counts[i] > 0) add_to(mine, theirs.offset + static_cast<std::int32_t>(i), theirs.counts[i]);
    }
  }
  min_ = count_ == 0 ? other.min_ : std::min(min_, other.min_);
  max_ = count_ == 0 ? other.max_ : std::max(max_, other.max_);
  zero_ += other.zero_;
  count_ += other.count_;
  sum_ += other.sum_;
}

double ExponentialHistogram::quantile(double q) const {
  CHECK(q >= 0 && q <= 1, "q {}", q);
  if (count_ == 0) return std::numeric_limits<double>::quiet_NaN();
  // The value of this rank, from 0, in the order of all values.
  auto rank = static_cast<std::uint64_t>(std::round(q * static_cast<double>(count_ - 1)));
  if (rank == 0) return min_;
  if (rank + 1 >= count_) return max_;
  const auto middle = [this](std::int32_t index) {
    return std::exp2(std::ldexp(static_cast<double>(index) + 0.5, -scale_));
  };
  const auto kept = [this](double value) { return std::clamp(value, min_, max_); };
  for (std::size_t i = negative_.counts.size(); i-- > 0;) {
    if (rank < negative_.counts[i]) return kept(-middle(negative_.offset + static_cast<std::int32_t>(i)));
    rank -= negative_.counts[i];
  }
  if (rank < zero_) return 0;
  rank -= zero_;
  for (std::size_t i = 0; i < positive_.counts.size(); ++i) {
    if (rank < positive_.counts[i]) return kept(middle(positive_.offset + static_cast<std::int32_t>(i)));
    rank -= positive_.counts[i];
  }
  return max_;
}

double ExponentialHistogram::relative_error() const { return std::exp2(std::ldexp(0.5, -scale_)) - 1; }

}  // namespace trimtab::kernels
