// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "kernels/forecast/members.h"

// Forecasts of one series by a pool of simple methods, each judged on the series' own past.
//
// Every member of the pool forecasts from several past moments ("rolling origins") as well as from the end.
// The answer is their mean, weighted by (smallest error / own error)^kWeightPower, errors being mean absolute
// ones over the origins: simple methods with per-series selection beat heavier single ones (Makridakis et
// al., "The M4 Competition", 2020). Intervals are split-conformal (Vovk et al. 2005): quantiles of what the
// combination missed at the origins, each origin combined by weights from the other origins, scaled by a
// spread that grows with the step. No distribution is assumed.
//
// Deterministic. Not for series whose level jumped lately: cut them at the change first.
namespace trimtab::kernels {

struct ForecastOptions {
  std::size_t horizon = 1;               // steps ahead, at least 1
  std::array<std::size_t, 2> periods{};  // seasons to try, in cells, smallest first; 0 and 1 are none
  double floor = -1e300;                 // the value can not be lower or higher than these
  double ceiling = 1e300;
};

struct ForecastShare {
  std::string_view name{};  // a member, static
  std::size_t period = 0;   // its season, 0 without
  double weight = 0;        // of 1
  double error = 0;         // mean absolute error over the origins
};

struct Forecast {
  std::vector<double> mean{};            // [horizon]
  std::vector<double> spread{};          // [horizon]: the scale of the misses, > 0 unless all were 0
  std::vector<double> misses{};          // sorted |miss| / spread of all origins and steps
  double error = 0;                      // mean absolute miss of the combination over origins and steps
  std::vector<ForecastShare> members{};  // by weight, largest first
  std::size_t origins = 0;               // 0: too short to judge; misses are then those of one-step naive
  double floor = -1e300;
  double ceiling = 1e300;

  // The interval that should hold each step with probability `level` in (0, 1), e.g. 0.95.
  struct Band {
    std::vector<double> low, high;  // [horizon]
  };
  Band band(double level) const;
};

struct ForecastWorkspace {
  std::vector<double> values;  // gaps filled
  std::vector<double> logs;
  std::vector<double> rows;    // [member][origin + 1][horizon]
  std::vector<double> errors;  // [member][origin]
  std::vector<double> weights;
  std::vector<double> combined;
  std::vector<MemberRun> runs;
  MemberScratch members;
};

// Forecasts `values` (one per cell, NaN = no value: filled by a straight line between neighbours).
// Requires horizon >= 1. An empty series, or one without a finite value: the mean is NaN.
// Cost: about 1 ms for 1,000 values, two seasons and 48 steps. Allocates only while the workspace grows.
void forecast(std::span<const double> values, const ForecastOptions& options, ForecastWorkspace& workspace,
              Forecast& out);

inline constexpr std::size_t kOriginsMax = 8;
inline constexpr double kWeightPower = 4;
// How many independent blocks of misses an origin counts for. With 8 origins this widens a 95 % interval by
// 11 %; without it M4's hourly and weekly intervals hold 93 % and 90 %.
inline constexpr double kBlocksPerOrigin = 1.5;
// Older values say little about the next ones and cost time.
inline constexpr std::size_t kForecastValuesMax = 4096;

}  // namespace trimtab::kernels
