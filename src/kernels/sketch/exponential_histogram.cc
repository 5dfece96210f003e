// SPDX-License-Identifier: Apache-2.0
#include "kernels/sketch/exponential_histogram.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/check.h"

namespace trimtab::kernels {
namespace {

void coarsen_buckets(ExponentialHistogram::Buckets& buckets, int steps) {
  if (steps == 0 || buckets.counts.empty()) return;
  // An arithmetic shift rounds towards minus infinity, which is what joins neighbours.
  const std::int32_t first = buckets.offset >> steps;
  const std::int32_t last = (buckets.offset + static_cast<std::int32_t>(buckets.counts.size()) - 1) >> steps;
  std::vector<std::uint64_t> joined(static_cast<std::size_t>(last - first) + 1, 0);
  for (std::size_t i = 0; i < buckets.counts.size(); ++i) {
    const std::int32_t index = (buckets.offset + static_cast<std::int32_t>(i)) >> steps;
    joined[static_cast<std::size_t>(index - first)] += buckets.counts[i];
  }
  buckets = {first, std::move(joined)};
}

// Bounds of bucket `index`, as (lower, upper].
double lower_bound(std::int32_t index, int scale) {
  return std::exp2(std::ldexp(static_cast<double>(index), -scale));
}

std::int32_t last_index(const ExponentialHistogram::Buckets& buckets) {
  return buckets.offset + static_cast<std::int32_t>(buckets.counts.size()) - 1;
}

// Takes empty buckets off both ends.
void trim(ExponentialHistogram::Buckets& buckets) {
  auto& counts = buckets.counts;
  while (!counts.empty() && counts.back() == 0) counts.pop_back();
  const auto filled =
      std::find_if(counts.begin(), counts.end(), [](std::uint64_t count) { return count > 0; });
  buckets.offset += static_cast<std::int32_t>(filled - counts.begin());
  counts.erase(counts.begin(), filled);
  if (counts.empty()) buckets.offset = 0;
}

// `threshold`, or the upper bound of the last filled bucket it cuts.
double beyond_cut(const ExponentialHistogram::Buckets& buckets, int scale, double threshold) {
  for (std::size_t i = 0; i < buckets.counts.size(); ++i) {
    const std::int32_t index = buckets.offset + static_cast<std::int32_t>(i);
    if (lower_bound(index, scale) >= threshold) break;
    if (buckets.counts[i] > 0)
      threshold = std::max(threshold, ExponentialHistogram::upper_bound(index, scale));
  }
  return threshold;
}

// Empties the buckets below the threshold, which cuts none; returns how many values they held.
std::uint64_t take_below(ExponentialHistogram::Buckets& buckets, int scale, double threshold) {
  std::uint64_t taken = 0;
  for (std::size_t i = 0; i < buckets.counts.size(); ++i) {
    if (lower_bound(buckets.offset + static_cast<std::int32_t>(i), scale) >= threshold) break;
    taken += std::exchange(buckets.counts[i], 0);
  }
  trim(buckets);
  return taken;
}

}  // namespace

ExponentialHistogram::ExponentialHistogram(std::size_t buckets_max, double zero_threshold)
    : buckets_max_(buckets_max), zero_threshold_(zero_threshold) {
  CHECK(buckets_max >= 4, "buckets_max {}", buckets_max);  // at kScaleMin all doubles fit into four
  CHECK(std::isfinite(zero_threshold) && zero_threshold >= 0, "zero_threshold {}", zero_threshold);
}

Result<ExponentialHistogram> ExponentialHistogram::from_parts(Parts parts, std::size_t buckets_max) {
  if (parts.scale < kScaleMin)
    return invalid(fmt::format("exponential histogram: scale {} is below {}", parts.scale, kScaleMin));
  if (!std::isfinite(parts.zero_threshold) || parts.zero_threshold < 0)
    return invalid(fmt::format("exponential histogram: zero threshold {} is not a number from 0 on",
                               parts.zero_threshold));
  ExponentialHistogram out(buckets_max, parts.zero_threshold);
  std::uint64_t total = parts.zero_count;
  bool too_many = total > kCountMax;
  for (Buckets* buckets : {&parts.positive, &parts.negative}) {
    for (const std::uint64_t count : buckets->counts) {
      too_many = too_many || count > kCountMax || (total += count) > kCountMax;
    }
    if (too_many)
      return invalid(fmt::format("exponential histogram: counts add up to more than {}", kCountMax));
    const std::int64_t end =
        std::int64_t{buckets->offset} + static_cast<std::int64_t>(buckets->counts.size());
    if (end > std::numeric_limits<std::int32_t>::max())
      return invalid(fmt::format("exponential histogram: {} buckets from {} on leave 32 bits",
                                 buckets->counts.size(), buckets->offset));
    trim(*buckets);
    if (const int finer = parts.scale - kScaleMax; finer > 0) coarsen_buckets(*buckets, std::min(finer, 31));
  }
  out.scale_ = std::min(parts.scale, kScaleMax);
  const std::int32_t low = index_of(std::numeric_limits<double>::denorm_min(), out.scale_);
  const std::int32_t high = index_of(std::numeric_limits<double>::max(), out.scale_);
  int steps = 0;
  for (const Buckets* buckets : {&parts.positive, &parts.negative}) {
    if (buckets->counts.empty()) continue;
    const std::int32_t last = last_index(*buckets);
    if (buckets->offset < low || last > high)
      return invalid(fmt::format("exponential histogram: buckets {} to {} at scale {}, doubles have {} to {}",
                                 buckets->offset, last, out.scale_, low, high));
    steps = std::max(steps, out.make_room({}, buckets->offset, last));
  }
  const Buckets& below = parts.negative;
  const Buckets& above = parts.positive;
  const int scale = out.scale_;
  out.count_ = total;
  out.zero_ = parts.zero_count;
  out.sum_ = parts.sum;
  if (total > 0) {
    const double least = !below.counts.empty()  ? -upper_bound(last_index(below), scale)
                         : parts.zero_count > 0 ? -parts.zero_threshold
                                                : lower_bound(above.offset, scale);
    const double most = !above.counts.empty()  ? upper_bound(last_index(above), scale)
                        : parts.zero_count > 0 ? parts.zero_threshold
                                               : -lower_bound(below.offset, scale);
    out.min_ = std::isnan(parts.min) ? least : parts.min;
    out.max_ = std::isnan(parts.max) ? most : parts.max;
    out.ends_known_ = !std::isnan(parts.min) && !std::isnan(parts.max);
    if (!(out.min_ <= out.max_))
      return invalid(
          fmt::format("exponential histogram: minimum {} is above maximum {}", out.min_, out.max_));
  }
  out.positive_ = std::move(parts.positive);
  out.negative_ = std::move(parts.negative);
  out.coarsen(steps);
  return out;
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
  const std::int32_t size = std::int32_t{1} << scale;
  const double part = std::log2(2 * fraction) * size;
  auto steps = static_cast<std::int32_t>(part);  // rounded up below
  const double beyond = part - steps;
  // Close to a bound the rounding of the logarithm would decide: ask again with more digits.
  const double close = 1e-15 * size;
  if (beyond < close || beyond > 1 - close) {
    steps = static_cast<std::int32_t>(std::ceil(std::log2(2 * static_cast<long double>(fraction)) * size));
  } else {
    ++steps;
  }
  return whole + std::clamp(steps - 1, 0, size - 1);
}

double ExponentialHistogram::upper_bound(std::int32_t index, int scale) {
  return std::min(lower_bound(index + 1, scale), std::numeric_limits<double>::max());
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
  if (std::abs(value) <= zero_threshold_ || std::abs(value) < std::numeric_limits<double>::min()) {
    zero_ += count;
  } else {
    add_to(value > 0 ? positive_ : negative_, index_of(std::abs(value), scale_), count);
  }
}

void ExponentialHistogram::widen_zero(double threshold) {
  if (threshold <= zero_threshold_) return;
  // At one scale both sides have the same bounds, so neither moves it into a bucket of the other.
  threshold = beyond_cut(positive_, scale_, threshold);
  threshold = beyond_cut(negative_, scale_, threshold);
  zero_ += take_below(positive_, scale_, threshold) + take_below(negative_, scale_, threshold);
  zero_threshold_ = threshold;
}

void ExponentialHistogram::merge(const ExponentialHistogram& other) {
  if (other.count_ > 0 && other.zero_threshold_ != zero_threshold_) {
    ExponentialHistogram widened = other;
    while (widened.zero_threshold_ != zero_threshold_) {
      widen_zero(widened.zero_threshold_);
      widened.widen_zero(zero_threshold_);
    }
    merge(widened);
    return;
  }
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
  ends_known_ = other.ends_known_ && (count_ == 0 || ends_known_);
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
  if (ends_known_ && rank == 0) return min_;
  if (ends_known_ && rank + 1 >= count_) return max_;
  rank = std::min(rank, count_ - 1);
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
