// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "kernels/forecast/driver.h"
#include "kernels/forecast/exhaustion.h"
#include "kernels/forecast/forecast.h"
#include "kernels/forecast/members.h"
#include "kernels/forecast/seasons.h"
#include "kernels/properties/kernel_table_testlib.h"

namespace trimtab::kernels {
namespace {

using testing::Carries;
using testing::Figures;
using testing::Gaps;
using testing::KernelCase;
using testing::moves;
using testing::scales;
using testing::stays;
using Values = std::span<const double>;

constexpr std::size_t kHorizon = 12;
constexpr std::size_t kSeason = 24;

// The member from the end of the series and from two earlier places.
template <typename Member>
Figures said_by(Values values, Member member) {
  const std::vector<std::size_t> cuts{values.size(), values.size() - values.size() / 10,
                                      values.size() - values.size() / 5};
  std::vector<double> rows(cuts.size() * kHorizon);
  MemberScratch scratch;
  if (!member(Origins{cuts, kHorizon}, scratch, rows)) return {};
  return testing::all_of(rows, Carries::kMoves);
}

Figures plain(Values values) {
  Figures out = said_by(values, [&](const Origins& origins, MemberScratch&, std::span<double> rows) {
    forecast_naive(values, origins, rows);
    return true;
  });
  testing::append(out, said_by(values, [&](const Origins& origins, MemberScratch&, std::span<double> rows) {
                    forecast_drift(values, origins, rows);
                    return true;
                  }));
  testing::append(out, said_by(values, [&](const Origins& origins, MemberScratch&, std::span<double> rows) {
                    return forecast_seasonal_naive(values, origins, kSeason, rows);
                  }));
  return out;
}

Figures shaped(Values values, Shape shape) {
  Figures out = said_by(values, [&](const Origins& origins, MemberScratch& scratch, std::span<double> rows) {
    return forecast_profile(values, origins, kSeason, 3, shape, scratch, rows);
  });
  for (const std::size_t period : {std::size_t{0}, kSeason}) {
    testing::append(
        out, said_by(values, [&](const Origins& origins, MemberScratch& scratch, std::span<double> rows) {
          return forecast_damped(values, origins, period, shape, scratch, rows);
        }));
    testing::append(
        out, said_by(values, [&](const Origins& origins, MemberScratch& scratch, std::span<double> rows) {
          return forecast_theta(values, origins, period, shape, scratch, rows);
        }));
  }
  return out;
}

Figures complex(Values values) {
  return said_by(values, [&](const Origins& origins, MemberScratch& scratch, std::span<double> rows) {
    return forecast_complex(values, origins, kSeason, scratch, rows);
  });
}

Figures autoregression(Values values) {
  const std::vector<std::size_t> periods{kSeason};
  Figures out;
  for (const std::size_t difference : {std::size_t{0}, std::size_t{1}, kSeason}) {
    std::vector<double> strong(3 * kHorizon);
    testing::append(
        out, said_by(values, [&](const Origins& origins, MemberScratch& scratch, std::span<double> rows) {
          return forecast_autoregression(values, origins, periods, difference, scratch, rows, strong);
        }));
  }
  return out;
}

void add(Figures& out, const Forecast& forecast) {
  testing::append(out, testing::all_of(forecast.mean, Carries::kMoves));
  const Forecast::Band band = forecast.band(0.9);
  testing::append(out, testing::all_of(band.low, Carries::kMoves));
  testing::append(out, testing::all_of(band.high, Carries::kMoves));
  testing::append(out, testing::all_of(forecast.spread, Carries::kScales));
}

Figures pool(Values values) {
  ForecastWorkspace workspace;
  Forecast forecast;
  kernels::forecast(values, {.horizon = kHorizon, .periods = {kSeason, 0}}, workspace, forecast);
  Figures out;
  add(out, forecast);
  if (values.empty()) return out;
  for (const double ahead : {-40.0, 3.0, 40.0}) {
    const double limit = forecast.mean[0] + ahead * forecast.spread[0];
    const auto side = ahead > 0 ? LimitSide::kUpper : LimitSide::kLower;
    testing::append(out, testing::all_of(exhaustion_of(forecast, limit, side).reached_by, Carries::kStays));
  }
  return out;
}

Figures found_seasons(Values values) {
  SeasonSearch search;
  return testing::all_of(likely_seasons(values, search), Carries::kStays);
}

// The first half, driven by the second.
Figures slope(Values values) {
  const Values half = values.first(values.size() / 2), driver = values.last(values.size() / 2);
  Figures out;
  for (const std::size_t distance : {std::size_t{1}, kSeason}) {
    const DriverSlope slope = driver_slope(half, driver, distance);
    for (const double figure : {slope.effect, slope.error}) out.push_back(stays(figure));
    out.push_back(stays(slope.found));
    out.push_back(stays(slope.constant));
  }
  return out;
}

// Values that hold three times the driver.
Figures driven(Values values) {
  const std::size_t count = values.size() / 2;
  std::vector<double> own(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(count));
  const Values driver = values.subspan(count, count);
  for (std::size_t i = 0; i < count; ++i) own[i] = own[i] / 4 + 3 * driver[i] / 4;
  double last = 0;
  for (const double value : driver) last = std::isnan(value) ? last : value;
  const std::vector<double> future(kHorizon, last);
  ForecastWorkspace workspace;
  Forecast forecast;
  const DriverEffect effect = forecast_with_driver(
      own, {driver, future}, {.horizon = kHorizon, .periods = {kSeason, 0}}, workspace, forecast);
  Figures out{stays(effect.use), stays(effect.effect), stays(effect.error), scales(effect.miss_without),
              scales(effect.miss_with)};
  add(out, forecast);
  return out;
}

}  // namespace

std::vector<KernelCase> forecast_kernels() {
  constexpr auto kRatios = "ratios and logarithms need a zero";
  constexpr double kSolved = 1e-6;  // a system of equations in between
  return {
      {.name = "naive, drift, seasonal naive", .values_min = 2, .run = plain},
      {.name = "additive profile, damped trend, theta",
       .values_min = 2,
       .run = [](Values values) { return shaped(values, Shape::kAdditive); }},
      {.name = "multiplicative profile, damped trend, theta",
       .values_min = 2,
       .not_moved = kRatios,
       .run = [](Values values) { return shaped(values, Shape::kMultiplicative); }},
      {.name = "complex smoothing",
       .values_min = 2,
       .not_moved = "its level may decay towards 0",
       .run = complex},
      {.name = "autoregression", .values_min = 2, .tolerance = kSolved, .run = autoregression},
      {.name = "forecast, exhaustion",
       .gaps = Gaps::kTakeTime,
       .not_moved = kRatios,
       .tolerance = kSolved,
       .run = pool},
      {.name = "likely_seasons", .gaps = Gaps::kTakeTime, .run = found_seasons},
      {.name = "driver_slope", .gaps = Gaps::kTakeTime, .run = slope},
      {.name = "forecast_with_driver",
       .gaps = Gaps::kTakeTime,
       .not_moved = kRatios,
       .tolerance = kSolved,
       .run = driven},
  };
}

}  // namespace trimtab::kernels
