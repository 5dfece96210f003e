// SPDX-License-Identifier: Apache-2.0
#include "kernels/anomaly/tail_calibrator.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

#include "kernels/tail.h"

namespace trimtab::kernels {
namespace {

constexpr int kOctavesBelow = 32;
constexpr double kSpreadShareMin = 1e-3;  // of the threshold: excesses are not finer than that

}  // namespace

std::size_t TailCalibrator::bucket(double value) const {
  if (!(value > 0) || !anchored_) return 0;
  // The exponent and the first two bits of the fraction.
  const auto quarters = static_cast<int>(std::bit_cast<std::uint64_t>(value) >> 50);
  const int index = quarters - 4 * (anchor_ - kOctavesBelow);
  return static_cast<std::size_t>(std::clamp(index, 1, static_cast<int>(kBuckets) - 1));
}

std::uint64_t TailCalibrator::count_above(std::size_t bucket) const {
  const std::size_t group = bucket / kGroup;
  std::uint64_t sum = 0;
  for (std::size_t i = bucket + 1; i < (group + 1) * kGroup; ++i) sum += counts_[i];
  for (std::size_t i = group + 1; i < groups_.size(); ++i) sum += groups_[i];
  return sum;
}

std::size_t TailCalibrator::exceedances() const {
  const auto share = static_cast<std::size_t>(kTopShare * static_cast<double>(count_));
  return std::clamp(share, kTopMin, kTopMax);
}

double TailCalibrator::surprise(double value) const {
  if (count_ < kHistoryMin) return 0;
  const double count = static_cast<double>(count_);
  if (fitted_ == 0 || value <= threshold_) {
    // Values of the same bucket count as half above.
    const std::size_t at = bucket(value);
    const auto above = static_cast<double>(count_above(at));
    const auto here = static_cast<double>(counts_[at]);
    const double rank = value > 0 ? above + here / 2 : above + here;
    return std::log((count + 1) / (rank + 1)) * std::numbers::log10e;
  }
  const double spread = std::max(spread_, kSpreadShareMin * threshold_);
  if (!(spread > 0)) return kSurpriseMax;
  const double beyond = std::log1p(shape_ * (value - threshold_) / spread) / shape_ * std::numbers::log10e;
  return std::clamp(std::log10(count / static_cast<double>(fitted_)) + beyond, 0.0, kSurpriseMax);
}

void TailCalibrator::add(double value) {
  if (!anchored_ && value > 0) {
    anchor_ = static_cast<int>(std::bit_cast<std::uint64_t>(value) >> 52);
    anchored_ = true;
  }
  const std::size_t at = bucket(value);
  ++counts_[at];
  ++groups_[at / kGroup];
  ++count_;
  const std::size_t keep = exceedances() + 1;  // the largest that is no exceedance is the threshold
  if (top_count_ == top_.size() && value <= top_[0]) {
    if (fitted_ + 1 != keep) fit();
    return;
  }
  if (top_count_ == top_.size()) {
    std::copy(top_.begin() + 1, top_.end(), top_.begin());
    --top_count_;
  }
  double* const end = top_.data() + top_count_;
  double* const place = std::upper_bound(top_.data(), end, value);
  std::copy_backward(place, end, end + 1);
  *place = value;
  ++top_count_;
  const auto rank_from_top = static_cast<std::size_t>(top_.data() + top_count_ - place);
  if (rank_from_top <= keep || fitted_ + 1 != keep) fit();
}

void TailCalibrator::fit() {
  const std::size_t exceeding = exceedances();
  if (count_ < kHistoryMin || top_count_ <= exceeding) return;
  const double* const first = top_.data() + (top_count_ - exceeding);
  threshold_ = first[-1];
  double mean = 0;
  double weighted = 0;  // E[x (1 - F)]
  for (std::size_t i = 0; i < exceeding; ++i) {
    const double excess = first[i] - threshold_;
    mean += excess;
    weighted += excess * static_cast<double>(exceeding - 1 - i);
  }
  mean /= static_cast<double>(exceeding);
  weighted /= static_cast<double>(exceeding) * static_cast<double>(exceeding - 1);
  shape_ = mean > 2 * weighted ? 2 - mean / (mean - 2 * weighted) : kShapeMin;
  shape_ = std::clamp(shape_, kShapeMin, kShapeMax);
  spread_ = shape_ > kShapeMin && shape_ < kShapeMax ? 2 * mean * weighted / (mean - 2 * weighted)
                                                     : mean * (1 - shape_);
  fitted_ = exceeding;
}

void TailCalibrator::save(StateWriter& out) const {
  out.count(count_);
  out.count(anchored_ ? 1 : 0);
  out.word(static_cast<std::uint64_t>(static_cast<std::int64_t>(anchor_)));
  for (const std::uint32_t here : counts_) out.count(here);
  out.numbers({top_.data(), top_count_});
}

void TailCalibrator::restore(StateReader& in) {
  *this = {};
  count_ = in.count();
  anchored_ = in.count() == 1;
  anchor_ = static_cast<int>(static_cast<std::int64_t>(in.word()));
  for (std::size_t at = 0; at < kBuckets; ++at) {
    counts_[at] = static_cast<std::uint32_t>(in.count());
    groups_[at / kGroup] += counts_[at];
  }
  top_count_ = in.numbers(top_);
  fit();
}

}  // namespace trimtab::kernels
