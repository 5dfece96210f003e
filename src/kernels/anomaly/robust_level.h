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
  // How far `value` lies from the level, in spreads, signed, within +-kDeviationMax; then learns it.
  // 0 for the first kWarmUp values.
  double update(double value);

  double level() const { return level_; }
  // The spread that deviations are measured in, with its floor (see scale()).
  double scale() const;

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

  std::array<double, kWarmUp> first_{};
  std::uint64_t count_ = 0;
  bool whole_numbers_ = true;  // counts: Poisson noise is the least there is
  double level_ = 0;
  double spread_ = 0;
  double plain_ = 0;
};

}  // namespace trimtab::kernels
