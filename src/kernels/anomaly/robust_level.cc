// SPDX-License-Identifier: Apache-2.0
#include "kernels/anomaly/robust_level.h"

#include <algorithm>
#include <cmath>

#include "kernels/quantile.h"

namespace trimtab::kernels {
namespace {

constexpr double kMeanToStandard = 1.2533;  // sqrt(pi / 2): standard deviation over mean absolute deviation

double forgetting(double half_life) { return 1 - std::exp2(-1 / half_life); }

}  // namespace

RobustLevel::RobustLevel(double level_half_life, double spread_half_life)
    : level_rate_(forgetting(level_half_life)), spread_rate_(forgetting(spread_half_life)) {}

double RobustLevel::scale(double usual) const {
  double scale = std::max({spread_, kLevelShare * std::abs(usual), kPlainShare * plain_});
  if (whole_numbers_) scale = std::max(scale, std::sqrt(std::abs(usual) + 1));
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

double RobustLevel::update(double value, double season) {
  ++count_;
  if (whole_numbers_ && value != std::floor(value)) whole_numbers_ = false;
  const double rest = value - season;
  if (count_ <= kWarmUp) {
    warm_up(rest);
    return 0;
  }
  const double scale_now = scale(level_ + season);
  error_ = rest - level_;
  // A series that never moved from 0 says nothing about how far is far.
  const double deviation = scale_now > 0 ? std::clamp(error_ / scale_now, -kDeviationMax, kDeviationMax) : 0;
  const double share = 1 / static_cast<double>(count_);
  const double clipped = std::clamp(error_, -kClip * scale_now, kClip * scale_now);
  level_ += std::max(level_rate_, share) * clipped;
  const double spread_rate = std::max(spread_rate_, share);
  spread_ += spread_rate * (kMeanToStandard * std::abs(clipped) - spread_);
  plain_ += spread_rate * (std::abs(error_) - plain_);
  return deviation;
}

void RobustLevel::save(StateWriter& out) const {
  out.count(count_);
  out.count(whole_numbers_ ? 1 : 0);
  out.number(level_);
  out.number(spread_);
  out.number(plain_);
  out.number(error_);
  out.number(level_rate_);
  out.number(spread_rate_);
  out.numbers({first_.data(), count_ < kWarmUp ? static_cast<std::size_t>(count_) : 0});
}

void RobustLevel::restore(StateReader& in) {
  *this = RobustLevel();
  count_ = in.count();
  whole_numbers_ = in.count() == 1;
  level_ = in.number();
  spread_ = in.number();
  plain_ = in.number();
  error_ = in.number();
  level_rate_ = in.number();
  spread_rate_ = in.number();
  in.numbers(first_);
}

}  // namespace trimtab::kernels
