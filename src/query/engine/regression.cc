// SPDX-License-Identifier: Apache-2.0
#include "query/engine/regression.h"

#include <algorithm>
#include <cmath>

#include "query/engine/grid.h"
#include "query/engine/sum.h"

namespace trimtab::promql {

Line fit_line(std::span<const TimestampMs> times, std::span<const double> values, TimestampMs origin_ms) {
  // A constant has an exact answer, which the sums below would miss by rounding.
  const bool constant = std::all_of(values.begin(), values.end(), [&](double v) { return v == values[0]; });
  if (constant) return std::isinf(values[0]) ? Line{kNaN, kNaN} : Line{0, values[0]};
  CompensatedSum x;
  CompensatedSum y;
  CompensatedSum xy;
  CompensatedSum xx;
  for (std::size_t i = 0; i < times.size(); ++i) {
    const double seconds = static_cast<double>(times[i] - origin_ms) / 1000;
    x.add(seconds);
    y.add(values[i]);
    xy.add(seconds * values[i]);
    xx.add(seconds * seconds);
  }
  const double n = static_cast<double>(times.size());
  const double covariance = xy.value() - x.value() * y.value() / n;
  const double variance = xx.value() - x.value() * x.value() / n;
  const double slope = covariance / variance;
  return {slope, y.value() / n - slope * x.value() / n};
}

}  // namespace trimtab::promql
