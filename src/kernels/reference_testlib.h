// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>
#include <vector>

// What the naive references of the kernels' tests are built from: slow, plain, by the definition.
namespace trimtab::kernels::reference {

inline const double kNone = std::numeric_limits<double>::quiet_NaN();

inline std::vector<double> present(std::span<const double> values) {
  std::vector<double> out;
  for (const double value : values)
    if (std::isfinite(value)) out.push_back(value);
  return out;
}

// On the line between the two order statistics around q (n - 1).
inline double quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  const double place = q * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(place));
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (place - std::floor(place)) * (values[above] - values[below]);
}

inline double median(std::vector<double> values) { return quantile(std::move(values), 0.5); }

inline double mad(std::vector<double> values, double centre) {
  for (double& value : values) value = std::abs(value - centre);
  return 1.4826 * median(std::move(values));
}

inline double mean(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

// Sum of squares around the mean.
inline double scatter(std::span<const double> values) {
  const double centre = mean(values);
  double sum = 0;
  for (const double value : values) sum += (value - centre) * (value - centre);
  return sum;
}

// How many of `values` are smaller, and half of those that are equal, and a half: ranks from 1.
inline std::vector<double> ranks(std::span<const double> values) {
  std::vector<double> out;
  for (const double mine : values) {
    double rank = 0.5;
    for (const double other : values) rank += other < mine ? 1 : other == mine ? 0.5 : 0;
    out.push_back(rank);
  }
  return out;
}

// Least squares of y on x: level at x = 0, slope, and the squared error that is left.
struct Line {
  double level = 0, slope = 0, error = 0;
};
inline Line line(std::span<const double> x, std::span<const double> y) {
  const double mx = mean(x), my = mean(y);
  double xx = 0, xy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - mx) * (x[i] - mx);
    xy += (x[i] - mx) * (y[i] - my);
  }
  Line out;
  out.slope = xx > 0 ? xy / xx : 0;
  out.level = my - out.slope * mx;
  for (std::size_t i = 0; i < x.size(); ++i) out.error += std::pow(y[i] - out.level - out.slope * x[i], 2);
  return out;
}

// Simpson's rule with `steps` (even) steps.
template <typename Function>
double integral(Function function, double from, double to, int steps = 4000) {
  const double width = (to - from) / steps;
  double sum = function(from) + function(to);
  for (int i = 1; i < steps; ++i) sum += (i % 2 == 1 ? 4 : 2) * function(from + i * width);
  return sum * width / 3;
}

// The x in [low, high] where a rising function passes `target`.
template <typename Function>
double passes(Function function, double target, double low, double high) {
  for (int i = 0; i < 100; ++i) {
    const double middle = low + (high - low) / 2;
    (function(middle) < target ? low : high) = middle;
  }
  return high;
}

// Shape and scale of a generalised Pareto distribution by probability-weighted moments (Hosking and Wallis
// 1987): a0 = E[x], a1 = E[x (1 - F)] = half of the mean smaller one of all pairs. Shapes outside of
// [low, high] are taken to the bound, the scale then follows from the mean.
struct Pareto {
  double shape = 0, scale = 0;
};
inline Pareto pareto(std::span<const double> excesses, double low, double high) {
  double a1 = 0, pairs = 0;
  for (std::size_t i = 0; i < excesses.size(); ++i) {
    for (std::size_t k = i + 1; k < excesses.size(); ++k, pairs += 1)
      a1 += std::min(excesses[i], excesses[k]) / 2;
  }
  a1 /= pairs;
  const double a0 = mean(excesses);
  const double shape = a0 > 2 * a1 ? 2 - a0 / (a0 - 2 * a1) : low;
  if (shape > low && shape < high) return {shape, 2 * a0 * a1 / (a0 - 2 * a1)};
  const double bound = std::clamp(shape, low, high);
  return {bound, a0 * (1 - bound)};
}

}  // namespace trimtab::kernels::reference
