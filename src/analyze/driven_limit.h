// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "analyze/drivers.h"
#include "kernels/forecast/driver.h"
#include "kernels/forecast/forecast.h"
#include "kernels/resample.h"
#include "kernels/trend.h"

namespace trimtab::analyze {

struct DrivenScratch {
  std::vector<double> past;
  std::vector<double> rest;
  std::vector<double> sorted;
};

struct DrivenQuestion {
  kernels::Cells cells{};            // of the amount; the last is now
  std::span<const double> amount{};  // with its seasons; rises to the limit
  double limit = 0;
  kernels::ForecastOptions forecast{};  // horizon in cells, short enough to be tried on the past
  std::size_t horizon = 0;              // cells looked ahead in all
  bool rising = false;                  // on its way to the limit by itself
};

struct DrivenAnswer {
  // kUsed: what follows is meant, whether the limit is reached or not.
  kernels::DriverUse use = kernels::DriverUse::kTooShort;
  bool asked = false;  // false: neither rising nor brought near the limit by the plan; `use` is meaningless
  double probability = 0;                            // of reaching the limit within the horizon
  std::optional<double> expected, earliest, latest;  // cells from now
  std::string words;                                 // of use kUsed: what was found and is planned
};

// When an amount that a driver's plan moves reaches its limit. Within forecast.horizon by
// forecast_with_driver (driver.h) and the first passage of that; further off along the plan: the amount's
// mean over its last season, plus its own trend where that is clear without the driver, plus the effect times
// the planned way, with the errors of all three as normal ones.
DrivenAnswer ask_driver(const DriverHistory& driver, const DrivenQuestion& question, DrivenScratch& scratch,
                        kernels::ForecastWorkspace& forecasting, kernels::TrendScratch& trend);

// Why a driver was left out.
std::string left_out_words(const DriverHistory& driver, kernels::DriverUse use);

inline constexpr double kDrivenTrendProbabilityMax = 1e-3;
inline constexpr double kDrivenChanceMin = 0.01;  // of reaching the limit by the plan: below, not looked into

}  // namespace trimtab::analyze
