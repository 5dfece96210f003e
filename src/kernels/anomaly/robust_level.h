// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernels/anomaly/state_bytes.h"

namespace trimtab::kernels {

// Level and spread of a series that drifts, by exponential forgetting with Huber's clipping: a value counts
// as at most kClip spreads away, so an outlier hardly moves either. About 5 ns a value.
class RobustLevel {
 public:
  // After how many values half of what was learnt is forgotten; > 0.
  explicit RobustLevel(double level_half_life = kLevelHalfLife, double spread_half_life = kSpreadHalfLife);

  // How far `value` lies from what is usual here, the level plus `season`, in spreads, signed, within
  // +-kDeviationMax; then learns it. 0 for the first kWarmUp values.
  double update(double value, double season = 0);

  double level() const { return level_; }
  // value - season - level at the last update(), before it was learnt; 0 while warming up.
  double error() const { return error_; }
  double spread() const { return spread_; }
  // The spread that deviations from `usual` are measured in, with its floors.
  double scale(double usual) const;

  void save(StateWriter& out) const;
  void restore(StateReader& in);

  static constexpr std::size_t kWarmUp = 12;
  static constexpr double kLevelHalfLife = 100;   // values
  static constexpr double kSpreadHalfLife = 200;  // values
  static constexpr double kClip = 3;
  static constexpr double kDeviationMax = 40;
  static constexpr double kLevelShare = 0.02;  // a spread is at least this share of the level,
  static constexpr double kPlainShare = 0.5;   // and of the plain (unclipped) mean absolute deviation

 private:
  void warm_up(double value);

  double level_rate_;
  double spread_rate_;
  std::array<double, kWarmUp> first_{};
  std::uint64_t count_ = 0;
  bool whole_numbers_ = true;  // counts: Poisson noise is the least there is
  double level_ = 0;
  double spread_ = 0;
  double plain_ = 0;
  double error_ = 0;
};

}  // namespace trimtab::kernels
