// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <random>
#include <vector>

namespace trimtab::kernels {

// AR(1) noise with normal innovations of variance 1, started at 0, plus `shift`: the same for the same seed.
inline std::vector<double> noise(std::size_t count, unsigned seed, double phi = 0, double shift = 0) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> out(count);
  double state = 0;
  for (double& value : out) {
    state = phi * state + normal(random);
    value = state + shift;
  }
  return out;
}

}  // namespace trimtab::kernels
