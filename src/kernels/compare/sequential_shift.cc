// SPDX-License-Identifier: Apache-2.0
#include "kernels/compare/sequential_shift.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "kernels/compare/dependence.h"

namespace trimtab::kernels {

namespace {

constexpr std::array<double, 5> kMixing{0.25, 1, 4, 16, 64};
// Short series show too little of their autocorrelation; by simulation in sequential_shift_test.cc.
constexpr double kTimeSafety = 1.5;
constexpr double kNormal95 = 1.645;  // one-sided
constexpr double kFreedomMin = 2;    // degrees of freedom; below nothing is said

double mean_of(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double squares_around(std::span<const double> values, double mean) {
  double sum = 0;
  for (const double value : values) sum += (value - mean) * (value - mean);
  return sum;
}

// Log of the e-value of "no shift" for a t statistic with `freedom` degrees and `size` = n m / (n + m).
double log_e_value(double t, double freedom, double size) {
  double sum = 0;
  for (const double g : kMixing) {
    const double wide = 1 + size * g;
    const double log_ratio = std::log1p(t * t / freedom) - std::log1p(t * t / (freedom * wide));
    sum += std::exp(std::min(700.0, -0.5 * std::log(wide) + 0.5 * (freedom + 1) * log_ratio));
  }
  return std::log(sum / static_cast<double>(kMixing.size()));
}

// The t beyond which the e-value reaches 1 / alpha; infinity when it never does. It rises with |t|.
double critical_t(double freedom, double size, double alpha) {
  const double needed = -std::log(alpha);
  double high = 1;
  while (log_e_value(high, freedom, size) < needed) {
    high *= 2;
    if (high > 1e9) return std::numeric_limits<double>::infinity();
  }
  double low = 0;
  for (int i = 0; i < 60; ++i) {
    const double middle = 0.5 * (low + high);
    (log_e_value(middle, freedom, size) < needed ? low : high) = middle;
  }
  return high;
}

// What the values count for: kTimeSafety times the autocorrelation time, unless they look independent.
double time_as_used(double autocorrelation_time) {
  return autocorrelation_time <= kIndependentTime ? 1 : kTimeSafety * autocorrelation_time;
}

// In standard deviations of one value; infinity while there is too little.
struct Precision {
  double half_width = std::numeric_limits<double>::infinity();  // of the interval
  double error = std::numeric_limits<double>::infinity();       // standard error of the shift
};
Precision precision_of(double before_count, double after_count, double alpha) {
  const double freedom = before_count + after_count - 2;
  if (freedom < kFreedomMin) return {};
  const double size = before_count * after_count / (before_count + after_count);
  return {critical_t(freedom, size, alpha) / std::sqrt(size), 1 / std::sqrt(size)};
}

}  // namespace

SequentialShift sequential_shift(std::span<const double> before, std::span<const double> after,
                                 double alpha) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  SequentialShift out;
  out.low = -kInfinity;
  out.high = kInfinity;
  if (before.empty() || after.empty()) return out;
  const double before_mean = mean_of(before);
  const double after_mean = mean_of(after);
  out.shift = after_mean - before_mean;
  out.time = time_as_used(std::max(autocorrelation_time(before), autocorrelation_time(after)));
  const auto n = static_cast<double>(before.size());
  const auto m = static_cast<double>(after.size());
  out.before_count = n / out.time;
  out.after_count = m / out.time;
  const double half = precision_of(out.before_count, out.after_count, alpha).half_width;
  if (half == kInfinity) return out;
  const double spread =
      std::sqrt((squares_around(before, before_mean) + squares_around(after, after_mean)) / (n + m - 2));
  out.low = out.shift - half * spread;
  out.high = out.shift + half * spread;
  return out;
}

std::size_t values_until(std::span<const double> before, double alpha, double reach) {
  if (before.size() < 2) return kNeverEnough;
  const auto n = static_cast<double>(before.size());
  const double spread = std::sqrt(squares_around(before, mean_of(before)) / (n - 1));
  const double time = time_as_used(autocorrelation_time(before));
  const auto enough = [&](std::size_t after) {
    const Precision then = precision_of(n / time, static_cast<double>(after) / time, alpha);
    return then.half_width < std::numeric_limits<double>::infinity() &&
           (then.half_width + kNormal95 * then.error) * spread <= reach;
  };
  std::size_t high = 1;
  while (!enough(high)) {
    if (high >= kValuesUntilMax) return kNeverEnough;
    high *= 2;
  }
  std::size_t low = high / 2;  // not enough, or 0
  while (high - low > 1) {
    const std::size_t middle = low + (high - low) / 2;
    (enough(middle) ? high : low) = middle;
  }
  return high;
}

}  // namespace trimtab::kernels
