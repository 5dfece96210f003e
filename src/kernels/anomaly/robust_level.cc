// SPDX-License-Identifier: Apache-2.0
#include "kernels/anomaly/robust_level.h"

#include <algorithm>
#include <cmath>

#include "kernels/quantile.h"

namespace trimtab::kernels {
namespace {

constexpr double kMeanToStandard = 1.2533;  // sqrt(pi / 2): standard deviation over mean absolute deviation

double forgetting(double half_life, double count) {
  return std::max(1 - std::exp2(-1 / half_life), 1 / count);
}

}  // namespace

double RobustLevel::scale() const {
  double scale = std::max({spread_, kLevelShare * std::abs(level_), kPlainShare * plain_});
  if (whole_numbers_) scale = std::max(scale, std::sqrt(std::abs(level_) + 1));
  return scale;
}

void RobustLevel::warm_up(double value) {
  first_[count_ - 1] = value;
  std::array<double, kWarmUp> sorted = first_;
  const std::span<double> known{sorted.data(), static_cast<std::size_t>(count_)};
  level_ = median_in_place(known);
  plain_ = 0;
  for (const double one : known) plain_ += std::abs(one - level_) / static_cast<double>(count_);
  spread_ = mad_in_place(known, level_);
}

double RobustLevel::update(double value) {
  ++count_;
  if (value != std::floor(value)) whole_numbers_ = false;
  if (count_ <= kWarmUp) {
    warm_up(value);
    return 0;
  }
  const double scale_now = scale();
  const double error = value - level_;
  // A series that never moved from 0 says nothing about how far is far.
  const double deviation = scale_now > 0 ? std::clamp(error / scale_now, -kDeviationMax, kDeviationMax) : 0;
  static const double kLevelRate = forgetting(kLevelHalfLife, 1e18);
  static const double kSpreadRate = forgetting(kSpreadHalfLife, 1e18);
  const double level_rate = std::max(kLevelRate, 1 / static_cast<double>(count_));
  const double spread_rate = std::max(kSpreadRate, 1 / static_cast<double>(count_));
  const double clipped = std::clamp(error, -kClip * scale_now, kClip * scale_now);
  level_ += level_rate * clipped;
  spread_ += spread_rate * (kMeanToStandard * std::abs(clipped) - spread_);
  plain_ += spread_rate * (std::abs(error) - plain_);
  return deviation;
}

void RobustLevel::save(StateWriter& out) const {
  out.count(count_);
  out.count(whole_numbers_ ? 1 : 0);
  out.number(level_);
  out.number(spread_);
  out.number(plain_);
  out.numbers({first_.data(), count_ < kWarmUp ? static_cast<std::size_t>(count_) : 0});
}

void RobustLevel::restore(StateReader& in) {
  *this = {};
  count_ = in.count();
  whole_numbers_ = in.count() == 1;
  level_ = in.number();
  spread_ = in.number();
  plain_ = in.number();
  in.numbers(first_);
}

}  // namespace trimtab::kernels
