// SPDX-License-Identifier: Apache-2.0
// Seasons told from noise, on simulated series (simulated_seasons.h), seeds 1 to 3.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "kernels/season/find_seasons.h"
#include "quality/sets.h"
#include "quality/simulated_seasons.h"

namespace trimtab::quality {
namespace {

struct Counts {
  double found = 0, missed = 0, false_ones = 0, quiet = 0, right_period = 0;
  void add(const SimulatedSeries& series, const std::vector<std::size_t>& periods) {
    if (series.period == 0) {
      (periods.empty() ? quiet : false_ones) += 1;
      return;
    }
    (periods.empty() ? missed : found) += 1;
    const auto truth = static_cast<double>(series.period);
    right_period += std::any_of(periods.begin(), periods.end(),
                                [&](std::size_t period) {
                                  return std::abs(static_cast<double>(period) - truth) <= 0.02 * truth + 0.5;
                                })
                        ? 1
                        : 0;
  }
  double f1() const { return 200 * found / (2 * found + missed + false_ones); }
  double false_rate() const { return 100 * false_ones / (false_ones + quiet); }
};

// The highest hill of the autocorrelation beyond its first valley, when it is significant for white noise.
std::vector<std::size_t> by_autocorrelation(const std::vector<double>& values) {
  double mean = 0;
  double count = 0;
  for (const double value : values) {
    if (std::isnan(value)) continue;
    mean += value;
    count += 1;
  }
  mean /= count;
  const auto at = [&](std::size_t lag) {
    double sum = 0;
    for (std::size_t i = lag; i < values.size(); ++i) {
      if (!std::isnan(values[i]) && !std::isnan(values[i - lag]))
        sum += (values[i] - mean) * (values[i - lag] - mean);
    }
    return sum;
  };
  const double square = at(0);
  std::size_t best = 0;
  double highest = 1.96 / std::sqrt(count);
  double before = 1;
  bool rising = false;
  for (std::size_t lag = 1; lag * 3 <= values.size(); ++lag) {
    const double now = at(lag) / square;
    rising = rising || now > before;
    if (rising && now > highest) highest = now, best = lag;
    before = now;
  }
  return best > 1 ? std::vector<std::size_t>{best} : std::vector<std::size_t>{};
}

}  // namespace

Result<std::vector<Row>> run_seasonality(const std::filesystem::path& /*simulated*/) {
  Counts ours;
  Counts plain;
  kernels::SeasonSearch search;
  for (unsigned seed = 1; seed <= 3; ++seed) {
    for (const SimulatedSeries& series : simulate_seasons(seed)) {
      std::vector<std::size_t> periods;
      for (const kernels::Season& season : kernels::find_seasons(series.values, search))
        periods.push_back(season.period);
      ours.add(series, periods);
      plain.add(series, by_autocorrelation(series.values));
    }
  }
  const std::string note = fmt::format("{:.0f} series: AR(1) to .9, trends, steps, gaps, at least 6 cycles",
                                       ours.found + ours.missed + ours.false_ones + ours.quiet);
  std::vector<Row> out;
  out.push_back({.set = "seasonality",
                 .metric = "F1, %",
                 .ours = ours.f1(),
                 .goal = 98,
                 .baselines = {{"autocorrelation", plain.f1()}},
                 .published = {"wavelet strength, its own simulation", 97.8},
                 .note = note});
  out.push_back({.set = "seasonality",
                 .metric = "false positives, %",
                 .ours = ours.false_rate(),
                 .better = Better::kLower,
                 .goal = 2,
                 .baselines = {{"autocorrelation", plain.false_rate()}},
                 .published = {"variance strength, its own simulation", 2},
                 .note = note});
  out.push_back({.set = "seasonality",
                 .metric = "period within 2 %, % of those found",
                 .ours = 100 * ours.right_period / ours.found,
                 .goal = 95,
                 .baselines = {{"autocorrelation", 100 * plain.right_period / plain.found}},
                 .note = note});
  return out;
}

}  // namespace trimtab::quality
