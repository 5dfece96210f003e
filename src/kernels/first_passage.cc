// SPDX-License-Identifier: Apache-2.0
#include "kernels/first_passage.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "kernels/distributions.h"

namespace trimtab::kernels {
namespace {

std::optional<double> time_to(double distance, double slope, double horizon) {
  if (distance <= 0) return 0;
  if (slope <= 0 || distance / slope > horizon) return std::nullopt;
  return distance / slope;
}

}  // namespace

FirstPassage first_passage(const Approach& approach, double horizon) {
  CHECK(horizon > 0 && approach.spread >= 0);
  constexpr double kZ90 = 1.6449;
  // Falling towards a floor is rising towards it upside down.
  const double sign = approach.limit >= approach.level ? 1 : -1;
  const double distance = std::abs(approach.limit - approach.level);
  const double slope = sign * approach.slope;
  const double fast = std::max(sign * approach.slope_low, sign * approach.slope_high);
  const double slow = std::min(sign * approach.slope_low, sign * approach.slope_high);
  FirstPassage passage;
  passage.expected = time_to(distance, slope, horizon);
  passage.earliest = time_to(std::max(0.0, distance - kZ90 * approach.spread), fast, horizon);
  passage.latest = time_to(distance + kZ90 * approach.spread, slow, horizon);
  // level + slope * horizon is normal: how much of it lies beyond the limit.
  const double slope_error = (fast - slow) / (2 * kZ90);
  const double error = std::hypot(slope_error * horizon, approach.spread);
  const double margin = slope * horizon - distance;
  passage.probability = error > 0 ? normal_tail(-margin / error) : margin >= 0 ? 1 : 0;
  return passage;
}

}  // namespace trimtab::kernels
