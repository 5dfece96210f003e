// SPDX-License-Identifier: Apache-2.0
#include "kernels/forecast/driver.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "base/check.h"

namespace trimtab::kernels {
namespace {

constexpr double kHuber = 1.345;            // 95 % efficient under normal noise
constexpr double kDeviationOfMad = 1.4826;  // of a normal distribution
constexpr int kRoundsMax = 50;
constexpr double kMeanAbsolute = 0.7978845608028654;  // of a standard normal value, sqrt(2 / pi)

struct Line {
  double intercept = 0, slope = 0;
};

Line weighted_line(const std::vector<double>& x, const std::vector<double>& y,
                   const std::vector<double>& weights) {
  double w = 0, mean_x = 0, mean_y = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    w += weights[i];
    mean_x += weights[i] * x[i];
    mean_y += weights[i] * y[i];
  }
  mean_x /= w;
  mean_y /= w;
  double xx = 0, xy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xx += weights[i] * (x[i] - mean_x) * (x[i] - mean_x);
    xy += weights[i] * (x[i] - mean_x) * (y[i] - mean_y);
  }
  const double slope = xx > 0 ? xy / xx : 0;
  return {mean_y - slope * mean_x, slope};
}

double median_size(const std::vector<double>& values) {
  std::vector<double> sizes(values.size());
  std::transform(values.begin(), values.end(), sizes.begin(), [](double v) { return std::abs(v); });
  const auto middle = sizes.begin() + static_cast<std::ptrdiff_t>(sizes.size() / 2);
  std::nth_element(sizes.begin(), middle, sizes.end());
  return *middle;
}

// The distance that the error was smaller with.
DriverSlope best_slope(std::span<const double> values, std::span<const double> driver, std::size_t season) {
  const std::size_t seasons = std::max<std::size_t>(1, (values.size() + 12 * season) / (24 * season));
  const DriverSlope near = driver_slope(values, driver, season);
  if (seasons == 1) return near;
  const DriverSlope far = driver_slope(values, driver, seasons * season);
  if (!near.found || !far.found) return near.found ? near : far;
  return far.error < near.error ? far : near;
}

// values - effect * (driver - reference). A driver unknown in between is bridged by its last known value.
void without_effect(std::span<const double> values, std::span<const double> driver, double effect,
                    double reference, std::vector<double>& out) {
  double known = reference;
  for (const double value : driver) {
    if (!std::isfinite(value)) continue;
    known = value;
    break;
  }
  out.resize(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(driver[i])) known = driver[i];
    out[i] = values[i] - effect * (known - reference);
  }
}

// Where the driver was lately: its mean over the last season, its last value without one.
std::optional<double> recent_mean(std::span<const double> driver, std::size_t season) {
  double sum = 0, count = 0;
  for (std::size_t i = driver.size(); i-- > 0;) {
    if (driver.size() - i > season && count > 0) break;
    if (!std::isfinite(driver[i])) continue;
    sum += driver[i];
    count += 1;
  }
  if (count == 0) return std::nullopt;
  return sum / count;
}

}  // namespace

DriverSlope driver_slope(std::span<const double> values, std::span<const double> driver,
                         std::size_t distance) {
  CHECK(values.size() == driver.size() && distance >= 1);
  DriverSlope out;
  std::vector<double> x, y, rest;
  std::vector<std::size_t> at;
  double largest = 0;
  for (std::size_t i = distance; i < values.size(); ++i) {
    const double dx = driver[i] - driver[i - distance], dy = values[i] - values[i - distance];
    if (!std::isfinite(dx) || !std::isfinite(dy)) continue;
    x.push_back(dx);
    y.push_back(dy);
    at.push_back(i);
    largest = std::max(largest, std::abs(driver[i]));
  }
  out.pairs = x.size();
  if (x.size() < kDriverPairsMin) return out;
  const auto [lowest, highest] = std::minmax_element(x.begin(), x.end());
  out.constant = *highest - *lowest <= 1e-9 * largest;
  if (out.constant) return out;
  double reach = 0;
  for (const double value : y) reach = std::max(reach, std::abs(value));

  std::vector<double> weights(x.size(), 1.0);
  Line line;
  for (int round = 0; round < kRoundsMax; ++round) {
    const Line next = weighted_line(x, y, weights);
    const bool settled = round > 0 && std::abs(next.slope - line.slope) <= 1e-12 * std::abs(next.slope);
    line = next;
    rest.resize(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) rest[i] = y[i] - line.intercept - line.slope * x[i];
    if (settled) break;
    const double bound = std::max(kHuber * kDeviationOfMad * median_size(rest), 1e-12 * reach);
    for (std::size_t i = 0; i < x.size(); ++i)
      weights[i] = std::abs(rest[i]) <= bound ? 1 : bound / std::abs(rest[i]);
  }

  double w = 0, mean = 0, xx = 0;
  for (std::size_t i = 0; i < x.size(); ++i) w += weights[i], mean += weights[i] * x[i];
  mean /= w;
  for (std::size_t i = 0; i < x.size(); ++i) xx += weights[i] * (x[i] - mean) * (x[i] - mean);
  if (!(xx > 0)) return out;
  // Differences of `distance` cells share values that far apart, and noise has a memory of its own.
  const std::size_t block =
      std::max(2 * distance, static_cast<std::size_t>(std::sqrt(static_cast<double>(values.size()))));
  double squares = 0, sum = 0, blocks = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    sum += weights[i] * rest[i] * (x[i] - mean);
    if (i + 1 < x.size() && at[i + 1] / block == at[i] / block) continue;
    squares += sum * sum;
    sum = 0;
    blocks += 1;
  }
  if (blocks < 4) return out;
  out.found = true;
  out.effect = line.slope;
  out.error = std::sqrt(squares * blocks / (blocks - 2)) / xx;
  return out;
}

DriverEffect forecast_with_driver(std::span<const double> values, const Driver& driver,
                                  const ForecastOptions& options, ForecastWorkspace& workspace,
                                  Forecast& out) {
  CHECK(driver.past.size() == values.size() && driver.future.size() >= options.horizon);
  CHECK(std::all_of(driver.future.begin(),
                    driver.future.begin() + static_cast<std::ptrdiff_t>(options.horizon),
                    [](double v) { return std::isfinite(v); }));
  std::span<const double> past = driver.past;
  if (values.size() > kForecastValuesMax) {
    values = values.last(kForecastValuesMax);
    past = past.last(kForecastValuesMax);
  }
  forecast(values, options, workspace, out);
  DriverEffect result;
  if (out.origins < 2) return result;
  result.miss_without = out.error;
  const std::size_t earliest = workspace.members.cuts.back();
  std::size_t season = 1;
  for (const std::size_t period : options.periods) {
    if (period > 1 && earliest >= 3 * period) season = period;
  }
  const DriverSlope early = best_slope(values.first(earliest), past.first(earliest), season);
  const DriverSlope late = best_slope(values, past, season);
  const std::optional<double> reference = recent_mean(past, season);
  if (!early.found || !late.found || !reference) {
    result.use = early.constant || late.constant ? DriverUse::kConstant : DriverUse::kTooShort;
    return result;
  }
  result.effect = late.effect;
  result.error = late.error;
  if (std::abs(late.effect) <= kDriverErrors * late.error) {
    result.use = DriverUse::kNoEffect;
    return result;
  }

  // Floor and ceiling are those of the series, not of what remains of it.
  ForecastOptions inner = options;
  inner.floor = -1e300;
  inner.ceiling = 1e300;
  std::vector<double> rest;
  Forecast judged, ahead;
  without_effect(values, past, early.effect, *reference, rest);
  forecast(rest, inner, workspace, judged);
  result.miss_with = judged.error;
  if (!(judged.error < (1 - kDriverGain) * out.error)) {
    result.use = DriverUse::kNoHelp;
    return result;
  }
  without_effect(values, past, late.effect, *reference, rest);
  forecast(rest, inner, workspace, ahead);
  result.use = DriverUse::kUsed;
  out = std::move(ahead);
  // The misses of an effect that did not know the origins.
  out.spread = judged.spread;
  out.misses = judged.misses;
  out.error = judged.error;
  out.floor = options.floor;
  out.ceiling = options.ceiling;
  for (std::size_t h = 0; h < options.horizon; ++h) {
    const double way = driver.future[h] - *reference;
    out.mean[h] = std::clamp(out.mean[h] + late.effect * way, options.floor, options.ceiling);
    out.spread[h] = std::hypot(out.spread[h], kMeanAbsolute * late.error * way);
  }
  return result;
}

}  // namespace trimtab::kernels
