// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "kernels/anomaly/alarm_lanes.h"
#include "kernels/anomaly/value_memory.h"
#include "kernels/reference_testlib.h"

// The parts of the streaming detector as their headers define them, each worked out anew from the whole past
// at every value: plain vectors, no state that is carried along.
namespace trimtab::kernels::reference {

// RobustLevel after all of `past` (values less their season's part, and that part).
struct Usual {
  double level = 0, spread = 0, plain = 0;
  double error = 0, deviation = 0;  // of the last value, before it was learnt
  bool whole_numbers = true;
  double scale(double at) const {
    const double least = whole_numbers ? std::sqrt(std::abs(at) + 1) : 0;
    return std::max(
        {spread, RobustLevel::kLevelShare * std::abs(at), RobustLevel::kPlainShare * plain, least});
  }
};

struct Seasoned {
  double value = 0, season = 0;
};

inline Usual usual_after(const std::vector<Seasoned>& past, double level_half_life, double spread_half_life) {
  Usual out;
  std::vector<double> first;
  // What leaves half after a half-life.
  const double level_forgets = 1 - std::pow(0.5, 1 / level_half_life);
  const double spread_forgets = 1 - std::pow(0.5, 1 / spread_half_life);
  for (std::size_t i = 0; i < past.size(); ++i) {
    const double rest = past[i].value - past[i].season;
    if (past[i].value != std::floor(past[i].value)) out.whole_numbers = false;
    out.error = out.deviation = 0;
    if (i < RobustLevel::kWarmUp) {  // median and deviations of what there is
      first.push_back(rest);
      out.level = median(first);
      out.spread = mad(first, out.level);
      out.plain = 0;
      for (const double one : first)
        out.plain += std::abs(one - out.level) / static_cast<double>(first.size());
      continue;
    }
    const double scale = out.scale(out.level + past[i].season);
    out.error = rest - out.level;
    if (scale > 0)
      out.deviation = std::clamp(out.error / scale, -RobustLevel::kDeviationMax, RobustLevel::kDeviationMax);
    const double plain_rate = 1 / static_cast<double>(i + 1);  // that of the plain mean, while it is larger
    const double level_rate = std::max(plain_rate, level_forgets);
    const double spread_rate = std::max(plain_rate, spread_forgets);
    const double reach = RobustLevel::kClip * scale;
    const double clipped = std::max(-reach, std::min(reach, out.error));
    out.level = out.level + level_rate * clipped;
    out.spread = (1 - spread_rate) * out.spread + spread_rate * 1.2533 * std::abs(clipped);
    out.plain = (1 - spread_rate) * out.plain + spread_rate * std::abs(out.error);
  }
  return out;
}

// Quarter of an octave that a value is in, counted from the first positive one's octave.
inline int quarter_of(double value, int first_exponent) {
  if (!(value > 0)) return 0;
  int exponent = 0;
  const double fraction = 2 * std::frexp(value, &exponent);  // in [1, 2)
  const int quarter = 4 * (exponent - first_exponent + 32) + static_cast<int>(std::floor(4 * (fraction - 1)));
  return std::clamp(quarter, 1, static_cast<int>(TailCalibrator::kBuckets) - 1);
}

// TailCalibrator::surprise of a value when these were seen.
inline double surprise(const std::vector<double>& history, double value) {
  const std::size_t n = history.size();
  if (n < TailCalibrator::kHistoryMin) return 0;
  const double count = static_cast<double>(n);
  std::vector<double> sorted = history;
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  const std::size_t beyond = std::clamp<std::size_t>(static_cast<std::size_t>(0.05 * count), 10, 64);
  const double threshold = sorted[beyond];
  if (value > threshold) {
    std::vector<double> excesses;
    for (std::size_t i = 0; i < beyond; ++i) excesses.push_back(sorted[i] - threshold);
    const Pareto fit = pareto(excesses, 0.05, 0.9);
    const double scale = std::max(fit.scale, 1e-3 * threshold);
    if (!(scale > 0)) return TailCalibrator::kSurpriseMax;
    const double share = static_cast<double>(beyond) / count;
    const double tail =
        -std::log10(share) + std::log10(1 + fit.shape * (value - threshold) / scale) / fit.shape;
    return std::clamp(tail, 0.0, TailCalibrator::kSurpriseMax);
  }
  int first_exponent = 0;
  for (const double one : history) {
    if (!(one > 0)) continue;
    std::frexp(one, &first_exponent);
    break;
  }
  double above = 0, here = 0;
  const int mine = quarter_of(value, first_exponent);
  for (const double one : history) {
    const int other = quarter_of(one, first_exponent);
    above += other > mine ? 1 : 0;
    here += other == mine ? 1 : 0;
  }
  return std::log10((count + 1) / ((value > 0 ? above + here / 2 : above + here) + 1));
}

// ValueMemory: the values in no order, each looked at for each new one.
class Memory {
 public:
  double learn(double value) {
    if (offsets_.empty()) {
      first_ = value;
      offsets_.push_back(0);
      return 0;
    }
    const auto offset = static_cast<float>(value - first_);
    float nearest = INFINITY;
    for (const float other : offsets_) nearest = std::min(nearest, std::abs(other - offset));
    if (nearest <= ValueMemory::kResolution * std::abs(offset)) nearest = 0;
    if (nearest <= resolution_) {
      float& lowest = *std::min_element(offsets_.begin(), offsets_.end());
      lowest = std::min(lowest, offset);
      float& highest = *std::max_element(offsets_.begin(), offsets_.end());
      highest = std::max(highest, offset);
      return static_cast<double>(nearest);
    }
    if (offsets_.size() == ValueMemory::kValuesMax) thin_out();
    offsets_.push_back(offset);
    return static_cast<double>(nearest);
  }
  bool empty() const { return offsets_.empty(); }

 private:
  // The quarter that stands closest to the one before goes; the extremes stay.
  void thin_out() {
    std::sort(offsets_.begin(), offsets_.end());
    std::vector<float> gaps, kept{offsets_.front()};
    for (std::size_t i = 1; i < offsets_.size(); ++i) gaps.push_back(offsets_[i] - offsets_[i - 1]);
    std::sort(gaps.begin(), gaps.end());
    const float least = gaps[offsets_.size() / 4];
    resolution_ = std::max(resolution_, least / 2);
    for (std::size_t i = 1; i + 1 < offsets_.size(); ++i)
      if (offsets_[i] - kept.back() > least) kept.push_back(offsets_[i]);
    kept.push_back(offsets_.back());
    offsets_ = kept;
  }

  std::vector<float> offsets_;
  double first_ = 0;
  float resolution_ = 0;
};

}  // namespace trimtab::kernels::reference
