// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels/binomial.h"
#include "kernels/distributions.h"
#include "kernels/false_discovery.h"
#include "kernels/first_passage.h"
#include "kernels/histogram_quantile.h"
#include "kernels/leak/leak.h"
#include "kernels/properties/kernel_table_testlib.h"
#include "kernels/quantile.h"
#include "kernels/resample.h"
#include "kernels/rolling_mean.h"
#include "kernels/sketch/ddsketch.h"
#include "kernels/sketch/exponential_histogram.h"
#include "kernels/tail.h"
#include "kernels/trend.h"

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

std::vector<double> copy(Values values) { return {values.begin(), values.end()}; }

std::vector<double> sizes(Values values) {
  std::vector<double> out;
  for (const double value : values) out.push_back(std::abs(value));
  return out;
}

// A counter that grows by the values' sizes and starts anew every 50 values.
std::vector<double> counter(Values values) {
  std::vector<double> out;
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    sum = (i % 50 == 49 ? 0 : sum) + (std::isnan(values[i]) ? 0 : std::abs(values[i]));
    out.push_back(std::isnan(values[i]) ? values[i] : sum);
  }
  return out;
}

Figures order_statistics(Values values) {
  Figures out;
  for (const double q : {0.0, 0.1, 0.5, 0.99, 1.0}) {
    auto copied = copy(values);
    out.push_back(moves(quantile_in_place(copied, q)));
  }
  auto copied = copy(values);
  const double centre = median_in_place(copied);
  out.push_back(moves(centre));
  out.push_back(scales(mad_in_place(copied, centre)));
  return out;
}

Figures tail(Values values) {
  TailScratch scratch;
  auto sample = copy(values.first(values.size() - 1));
  const double highest = *std::max_element(sample.begin(), sample.end());
  const double lowest = *std::min_element(sample.begin(), sample.end());
  Figures out{stays(upper_tail_probability(sample, values.back(), 1e-200, scratch))};
  out.push_back(stays(upper_tail_probability(sample, highest + (highest - lowest) / 8, 1e-200, scratch)));
  return out;
}

Figures trend(Values values) {
  TrendScratch scratch;
  const Trend out = fit_trend(values, scratch);
  Figures figures{scales(out.slope),  scales(out.slope_low),  scales(out.slope_high),
                  scales(out.spread), stays(out.probability), stays(out.points)};
  if (out.points >= kTrendPointsMin) figures.push_back(moves(out.level_now));
  return figures;
}

Figures leak(Values values) {
  LeakScratch scratch;
  const Leak out = find_leak(values, {.growth_min = 0}, scratch);
  Figures figures{stays(out.kind),        stays(out.since),       scales(out.slope),  scales(out.slope_low),
                  scales(out.slope_high), scales(out.spread),     scales(out.growth), stays(out.probability),
                  stays(out.restarts),    stays(out.rising_share)};
  if (out.kind != LeakKind::kUnknown) figures.push_back(moves(out.level));
  return figures;
}

Figures rolling(Values values) {
  RollingMean means;
  means.build(values);
  const std::size_t n = values.size();
  return {moves(means.mean(0, n, 1)), moves(means.mean(n / 4, n / 2, 1)), moves(means.mean(n / 2, n, 3))};
}

Cells cells_of(Values values) {
  return {.first_end_ms = 5000, .step_ms = 5000, .count = values.size() / 5 + 1};
}

std::vector<TimestampMs> seconds_of(Values values) {
  std::vector<TimestampMs> out(values.size());
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<TimestampMs>(i + 1) * 1000;
  return out;
}

Figures resampled(Values values) {
  std::vector<double> out(cells_of(values).count);
  resample_mean(seconds_of(values), values, cells_of(values), out);
  return testing::all_of(out, Carries::kMoves);
}

Figures rates(Values values) {
  const auto counted = counter(values);
  std::vector<double> rate(cells_of(values).count), increase(rate.size(), 0);
  resample_rate(seconds_of(values), counted, cells_of(values), rate);
  add_increase(seconds_of(values), counted, cells_of(values), increase);
  Figures out = testing::all_of(rate, Carries::kScales);
  testing::append(out, testing::all_of(increase, Carries::kScales));
  return out;
}

Figures histogram_quantiles(Values values) {
  std::vector<double> bounds = sizes(values), cumulative(values.size());
  std::partial_sum(bounds.begin(), bounds.end(), bounds.begin());
  std::iota(cumulative.begin(), cumulative.end(), 1.0);
  Figures out;
  for (const double q : {0.0, 0.3, 0.99, 1.0})
    out.push_back(scales(histogram_quantile(bounds, cumulative, q)));
  return out;
}

Figures alarms(Values values) {
  auto rates = sizes(values);
  std::sort(rates.begin(), rates.end());
  const double budget = rates.empty() ? 1 : rates.back() / 2;
  return {stays(keep_alarms(rates, 2 * rates.size(), budget)),
          stays(keep_alarms(rates, rates.size(), budget))};
}

Figures passage(Values values) {
  const double spread = std::abs(values[1] - values[0]);
  const double slope = (values[3] - values[2]) / 16;
  const FirstPassage out = first_passage({.level = values[0],
                                          .spread = spread,
                                          .slope = slope,
                                          .slope_low = slope - spread / 64,
                                          .slope_high = slope + spread / 64,
                                          .limit = values[4]},
                                         50);
  return {stays(out.probability), stays(out.expected.value_or(-1)), stays(out.earliest.value_or(-1)),
          stays(out.latest.value_or(-1))};
}

// Functions of plain numbers, here for the comparison of scalar and vector code only.
Figures distributions(Values values) {
  Figures out;
  for (std::size_t i = 0; i < std::min<std::size_t>(values.size(), 40); ++i) {
    const double z = std::fmod(std::abs(values[i]), 6),
                 p = 0.5 * (1 + std::tanh(values[i] / 8)) * 0.98 + 0.01;
    const auto trials = static_cast<std::uint64_t>(10 + i);
    const ProportionInterval interval = clopper_pearson(i / 3, trials, p);
    for (const double figure :
         {normal_tail(z), normal_tail_inverse(p), student_t_tail(z, 1 + static_cast<double>(i)),
          regularised_beta(1 + z, 2, p), binomial_tail(i / 2, trials, p), interval.low, interval.high,
          scale_floor(values[i], 0.5)})
      out.push_back(stays(figure));
  }
  return out;
}

Figures exponential_histogram(Values values) {
  ExponentialHistogram histogram, other;
  for (std::size_t i = 0; i < values.size(); ++i) (i % 3 == 0 ? other : histogram).add(values[i]);
  histogram.merge(other);
  Figures out{stays(histogram.scale()), stays(histogram.count()), stays(histogram.zero_count()),
              scales(histogram.sum())};
  for (const double q : {0.0, 0.01, 0.5, 0.9, 1.0}) out.push_back(scales(histogram.quantile(q)));
  return out;
}

Figures ddsketch(Values values) {
  std::vector<DdSketch::Bin> positive, negative;
  const double gamma = 1.02;
  double zeros = 0;
  for (const double value : values) {
    if (value == 0 || std::isnan(value)) {
      zeros += value == 0 ? 1 : 0;
      continue;
    }
    const auto index = static_cast<std::int32_t>(std::floor(std::log(std::abs(value)) / std::log(gamma)));
    (value > 0 ? positive : negative).push_back({index, 1});
  }
  const auto out =
      import_ddsketch({.gamma = gamma, .zero_count = zeros, .positive = positive, .negative = negative});
  if (!out) return {};
  Figures figures{stays(out->histogram.count()), stays(out->relative_error)};
  for (const double q : {0.0, 0.3, 0.5, 1.0}) figures.push_back(scales(out->histogram.quantile(q)));
  return figures;
}

}  // namespace

std::vector<KernelCase> plain_kernels() {
  constexpr auto kFromZero = "what it judges begins at 0";
  return {
      {.name = "quantile, median, MAD", .values_min = 1, .run = order_statistics},
      {.name = "tail", .values_min = 2, .run = tail},
      {.name = "trend", .gaps = Gaps::kTakeTime, .run = trend},
      {.name = "leak", .gaps = Gaps::kTakeTime, .run = leak},
      {.name = "rolling_mean", .gaps = Gaps::kTakeTime, .run = rolling},
      {.name = "resample_mean", .gaps = Gaps::kTakeTime, .run = resampled},
      {.name = "resample_rate, add_increase",
       .gaps = Gaps::kTakeTime,
       .not_moved = "a counter that starts anew starts at 0",
       .run = rates},
      {.name = "histogram_quantile", .not_moved = kFromZero, .run = histogram_quantiles},
      {.name = "false_discovery", .not_moved = kFromZero, .run = alarms},
      {.name = "first_passage", .values_min = 5, .run = passage},
      {.name = "distributions, binomial, scale_floor",
       .not_moved = "functions of plain numbers",
       .not_scaled = "functions of plain numbers",
       .run = distributions},
      {.name = "exponential_histogram",
       .gaps = Gaps::kInvisible,
       .not_moved = "errors are shares of the value",
       .run = exponential_histogram},
      {.name = "ddsketch",
       .gaps = Gaps::kInvisible,
       .not_moved = "errors are shares of the value",
       .not_scaled = "bins are powers of gamma",
       .run = ddsketch},
  };
}

std::vector<KernelCase> kernel_table() {
  std::vector<KernelCase> out;
  for (const auto& part : {plain_kernels(), season_kernels(), stream_kernels(), change_kernels(),
                           compare_kernels(), correlate_kernels(), forecast_kernels()})
    out.insert(out.end(), part.begin(), part.end());
  return out;
}

}  // namespace trimtab::kernels
