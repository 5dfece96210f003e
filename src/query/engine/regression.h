// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "base/time.h"

namespace trimtab::promql {

struct Line {
  double slope = 0;      // per second
  double intercept = 0;  // at the origin's time
};

// Least squares through samples, time in seconds from the origin.
Line fit_line(std::span<const TimestampMs> times, std::span<const double> values, TimestampMs origin_ms);

}  // namespace trimtab::promql
