// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

// The members of the forecasting pool. Each writes one row of `horizon` values per origin: what it would have
// said with the values before that origin alone.
namespace trimtab::kernels {

// Where forecasts start: origins[0] = values.size() is the real one, the others are earlier and falling.
// Parameters that take long to fit are fitted once, before the earliest origin, for all but the real one.
struct Origins {
  std::span<const std::size_t> cuts;
  std::size_t horizon = 1;
  std::size_t earliest() const { return cuts.back(); }
};

// One member's forecasts, inside a shared table. usable = false: it has nothing to say about this series.
struct MemberRun {
  std::string_view name{};
  std::size_t period = 0;
  bool usable = false;
};

struct MemberScratch {
  std::vector<double> series, shifted, matrix, moments, factor, coefficients, history, profile, average;
  std::vector<std::size_t> lags, cuts, counts;
};

// The last value; the last value and the mean slope so far.
void forecast_naive(std::span<const double> values, const Origins& origins, std::span<double> rows);
void forecast_drift(std::span<const double> values, const Origins& origins, std::span<double> rows);
// The value one period before. False when the earliest origin has less than a period.
bool forecast_seasonal_naive(std::span<const double> values, const Origins& origins, std::size_t period,
                             std::span<double> rows);

enum class Shape { kAdditive, kMultiplicative };

// The mean profile of the last `cycles` periods on the level of the last one. Multiplicative: values must be
// above 0. False when the earliest origin has less than two periods.
bool forecast_profile(std::span<const double> values, const Origins& origins, std::size_t period,
                      std::size_t cycles, Shape shape, MemberScratch& scratch, std::span<double> rows);

// Damped trend (Gardner and McKenzie 1985), parameters by squared one-step errors over a grid, on values
// without their classical seasonal profile when period > 1 (three periods needed).
bool forecast_damped(std::span<const double> values, const Origins& origins, std::size_t period, Shape shape,
                     MemberScratch& scratch, std::span<double> rows);
// Theta (Assimakopoulos and Nikolopoulos 2000) in its form of simple smoothing with half the slope (Hyndman
// and Billah 2003); seasons as above.
bool forecast_theta(std::span<const double> values, const Origins& origins, std::size_t period, Shape shape,
                    MemberScratch& scratch, std::span<double> rows);

// Complex exponential smoothing (Svetunkov, Kourentzes and Ord, "Complex exponential smoothing", Naval
// Research Logistics 69, 2022): with the smoothing parameter a0 + i a1, the error e = y[t] - l[t-m],
//   l[t] = l[t-m] - (1 - a1) c[t-m] + (a0 - a1) e,   c[t] = l[t-m] + (1 - a0) c[t-m] + (a0 + a1) e,
// and l carried forward is the forecast: the simple seasonal form, m = period. a0 and a1 by squared one-step
// errors over a grid. Every phase is smoothed on its own: false with less than kComplexPeriods periods.
bool forecast_complex(std::span<const double> values, const Origins& origins, std::size_t period,
                      MemberScratch& scratch, std::span<double> rows);

// Ridge regression of a value on its own past at a few lags: the last ones, and those around the periods
// and their multiples; of the values, or of their differences over `difference` cells (0: none). One pass
// over the series collects the moments for all origins and both ridges. `rows_weak` and `rows_strong` take
// the forecasts with kRidgeWeak and kRidgeStrong. A row that leaves twice the range of the values is NaN.
bool forecast_autoregression(std::span<const double> values, const Origins& origins,
                             std::span<const std::size_t> periods, std::size_t difference,
                             MemberScratch& scratch, std::span<double> rows_weak,
                             std::span<double> rows_strong);

inline constexpr std::size_t kComplexPeriods = 3;
inline constexpr double kRidgeWeak = 1;  // in pseudo-observations
inline constexpr double kRidgeStrong = 15;

}  // namespace trimtab::kernels
