// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <random>
#include <vector>

#include "kernels/reference_testlib.h"

namespace trimtab::kernels::samples {

// AR(1), stationary from the first value on.
inline std::vector<double> noise(std::size_t count, unsigned seed, double phi = 0) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> out(count);
  double state = normal(random) / std::sqrt(1 - phi * phi);
  for (double& value : out) value = state = phi * state + normal(random);
  return out;
}

// Values of several kinds: plain, with ties, with gaps, with both, constant, heavy-tailed.
inline std::vector<double> sample(std::size_t count, unsigned seed) {
  std::vector<double> out = noise(count, seed);
  for (std::size_t i = 0; i < count; ++i) {
    if (seed % 6 == 1 || seed % 6 == 3) out[i] = std::round(out[i]);
    if (seed % 6 == 4) out[i] = 3;
    if (seed % 6 == 5) out[i] = std::exp(4 * out[i]);
    if ((seed % 6 == 2 || seed % 6 == 3) && (i * 7 + seed) % 5 == 0) out[i] = reference::kNone;
  }
  return out;
}

}  // namespace trimtab::kernels::samples
