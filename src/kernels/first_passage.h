// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

namespace trimtab::kernels {

// A line with an uncertain slope on its way to a limit. All in one unit of value and one of time.
struct Approach {
  double level = 0;      // now
  double spread = 0;     // standard deviation of values around the line
  double slope = 0;      // per unit of time
  double slope_low = 0;  // 90 % interval of the slope
  double slope_high = 0;
  double limit = 0;
};

struct FirstPassage {
  double probability = 0;          // of reaching the limit within the horizon
  std::optional<double> expected;  // times from now, only where within the horizon
  std::optional<double> earliest;  // 90 % interval
  std::optional<double> latest;
};

// When the line meets the limit. The slope is taken as normal around its estimate, the level as normal
// with `spread`; the earliest passage combines both at their 5 % points (conservative). Works for rising
// and falling approaches. Requires horizon > 0.
FirstPassage first_passage(const Approach& approach, double horizon);

}  // namespace trimtab::kernels
