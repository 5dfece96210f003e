// SPDX-License-Identifier: Apache-2.0
#include "kernels/anomaly/season_profile.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "kernels/season/find_seasons.h"
#include "kernels/seasonality.h"

namespace trimtab::kernels {
namespace {

constexpr std::size_t kHalf = SeasonProfile::kCellsMax / 2;

float joined(float a, float b) {
  if (std::isnan(a)) return b;
  return std::isnan(b) ? a : (a + b) / 2;
}

}  // namespace

SeasonProfile::SeasonProfile(double values_per_day) : values_per_day_(values_per_day) {
  CHECK(values_per_day > 0);
}

double SeasonProfile::next() const {
  if (period_ == 0) return 0;
  if (bin_width_ == 1) return static_cast<double>(profile_[phase_]);
  // On the line between the middles of two bins, in halves of a value.
  const std::size_t bins = profile_.size();
  const std::size_t twice = 2 * phase_ + 1 + bin_width_;  // from the middle of the bin before the first
  const std::size_t after = twice / (2 * bin_width_);
  const double share = static_cast<double>(twice % (2 * bin_width_)) / static_cast<double>(2 * bin_width_);
  const auto before_value = static_cast<double>(profile_[after == 0 ? bins - 1 : after - 1]);
  const auto after_value = static_cast<double>(profile_[after == bins ? 0 : after]);
  return (1 - share) * before_value + share * after_value;
}

void SeasonProfile::learn(double error) {
  if (period_ == 0) return;
  profile_[phase_ / bin_width_] +=
      static_cast<float>(kLearningRate / static_cast<double>(bin_width_) * error);
}

bool SeasonProfile::push(double value) {
  if (std::isfinite(value)) {
    sum_ += value;
    ++summed_;
  }
  if (++passed_ == width_) {
    add_cell(summed_ > 0 ? static_cast<float>(sum_ / static_cast<double>(summed_))
                         : std::numeric_limits<float>::quiet_NaN());
    sum_ = 0;
    summed_ = 0;
    passed_ = 0;
  }
  ++seen_;
  if (period_ > 0 && ++phase_ == period_) phase_ = 0;
  if (seen_ < next_look_) return false;
  next_look_ = static_cast<std::uint64_t>(kLookGrowth * static_cast<double>(seen_));
  return look();
}

void SeasonProfile::add_cell(float cell) {
  cells_.push_back(cell);
  if (cells_.size() < kCellsMax) return;
  for (std::size_t i = 0; i < kHalf; ++i) cells_[i] = joined(cells_[2 * i], cells_[2 * i + 1]);
  cells_.resize(kHalf);
  width_ *= 2;
}

bool SeasonProfile::look() {
  SeasonSearch search;
  const std::vector<double> past(cells_.begin(), cells_.end());
  const auto seasons = find_seasons(past, search);
  const auto best = std::max_element(seasons.begin(), seasons.end(), [](const Season& a, const Season& b) {
    return a.strength < b.strength;
  });
  if (best == seasons.end()) return false;  // what is known is left to prove itself
  std::size_t period = best->period * width_;
  for (const double days : {1.0 / 24, 1.0, 7.0}) {
    const double clock = days * values_per_day_;
    const auto exact = static_cast<std::size_t>(std::lround(clock));
    if (exact < 4 || exact % width_ != 0) continue;
    const double reach = std::max(static_cast<double>(width_), kClockTolerance * clock);
    if (std::abs(static_cast<double>(best->period * width_) - clock) <= reach) period = exact;
  }
  if (period == period_ || (period_ > 0 && best->strength < strength_ + kBetterSeason)) return false;
  period_ = period;
  strength_ = best->strength;
  bin_width_ = width_;
  std::vector<double> profile(period / width_);
  SeasonScratch scratch;
  seasonal_profile(past, profile.size(), scratch, profile);
  profile_.assign(profile.begin(), profile.end());
  // Cells count from the first value on.
  phase_ = static_cast<std::size_t>(seen_ % period);
  return true;
}

void SeasonProfile::save(StateWriter& out) const {
  out.number(values_per_day_);
  out.count(seen_);
  out.count(next_look_);
  out.short_numbers(cells_);
  out.count(width_);
  out.number(sum_);
  out.count(summed_);
  out.count(passed_);
  out.count(period_);
  out.count(phase_);
  out.count(bin_width_);
  out.number(strength_);
  out.short_numbers(profile_);
}

void SeasonProfile::restore(StateReader& in) {
  values_per_day_ = in.number();
  seen_ = in.count();
  next_look_ = in.count();
  in.short_numbers(cells_, kCellsMax);
  width_ = in.count();
  sum_ = in.number();
  summed_ = in.count();
  passed_ = in.count();
  period_ = in.count();
  phase_ = in.count();
  bin_width_ = in.count();
  strength_ = in.number();
  in.short_numbers(profile_, kCellsMax);
  const bool can_be = values_per_day_ > 0 && width_ > 0 && passed_ < width_ && bin_width_ > 0 &&
                      (period_ == 0 || (phase_ < period_ && period_ == profile_.size() * bin_width_));
  if (!can_be) in.refuse();
}

}  // namespace trimtab::kernels
