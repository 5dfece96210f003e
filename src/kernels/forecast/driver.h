// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "kernels/forecast/forecast.h"

// Forecasts of a series that another one drives, whose future is stated: users planned, tests scheduled.
//
// The effect of one unit of the driver is the slope of a Huber regression (Huber 1964, k = 1.345) with
// intercept of the series' differences on the driver's, over a whole number of seasons: what repeats with the
// season and what both gain steadily cancels. Two distances are tried, one season (one cell without) and the
// multiple of it nearest to 1/24 of the series; the one with the smaller standard error counts. That error
// takes blocks of neighbouring cells as one each (cluster-robust, Liang and Zeger 1986).
// The pool forecasts the series without the effect, and the effect of the stated future is added. The effect
// is used only when it is kDriverErrors standard errors from 0 and the misses over the rolling origins, with
// an effect known before the earliest of them, fall by kDriverGain.
namespace trimtab::kernels {

struct Driver {
  std::span<const double> past;    // one per value of the series; NaN = unknown
  std::span<const double> future;  // at least `horizon`, all finite
};

enum class DriverUse {
  kUsed,
  kTooShort,  // fewer than kDriverPairsMin differences before the earliest origin, or fewer than 2 origins
  kConstant,  // it does not move beyond its season and a straight line
  kNoEffect,  // less than kDriverErrors standard errors from 0
  kNoHelp,    // the misses do not fall by kDriverGain
};

struct DriverEffect {
  DriverUse use = DriverUse::kTooShort;
  double effect = 0;                       // of one unit of the driver, in units of the series
  double error = 0;                        // its standard error
  double miss_without = 0, miss_with = 0;  // mean absolute misses over the origins, where both were judged
};

// Forecasts with the driver where it helps, else as forecast() does. Requires horizon >= 1, past.size() ==
// values.size(), future.size() >= horizon. A stated future that is not finite is a bug of the caller.
// Intervals are widened by the effect's error times the way that the driver goes from where it was (its mean
// over the last season, its last value without one). Three times the cost of forecast(). Deterministic.
DriverEffect forecast_with_driver(std::span<const double> values, const Driver& driver,
                                  const ForecastOptions& options, ForecastWorkspace& workspace,
                                  Forecast& out);

// The effect alone, over differences of `distance` cells. `found` = false: too few pairs, or a driver that
// does not move. Pairs with a value that is not finite are left out. Requires values.size() == driver.size().
struct DriverSlope {
  std::size_t pairs = 0;
  bool found = false;
  bool constant = false;  // not found because the driver's differences are all the same
  double effect = 0, error = 0;
};
DriverSlope driver_slope(std::span<const double> values, std::span<const double> driver,
                         std::size_t distance);

inline constexpr double kDriverErrors = 3;
inline constexpr double kDriverGain = 0.02;
inline constexpr std::size_t kDriverPairsMin = 20;

}  // namespace trimtab::kernels
