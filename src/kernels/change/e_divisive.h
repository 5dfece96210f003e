// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace trimtab::kernels {

// E-divisive means with a t-test in place of permutations (Matteson and James 2014, "A nonparametric approach
// for multiple change point analysis of multivariate data"; Fleming et al. 2023, "Hunter"): a second opinion
// on steps that shares nothing with find_changes but the values.
//
// In windows of kEDivisiveWindow values that overlap by half, the split with the largest energy statistic
//   q = m n / (m + n) (2 mean |x - y| - mean |x - x'| - mean |y - y'|)
// is taken while Student's t-test between its sides is below weak_probability, and each side is searched
// again. Then the cut whose t-test between its neighbours is least significant is taken out until all are
// below probability. No random numbers.
struct EDivisiveOptions {
  double weak_probability = 0.01;
  double probability = 0.001;
  std::size_t cells_min = 3;  // of a stretch
};

struct EDivisiveScratch {
  std::vector<double> chances;
};

// First cells of the new stretches, rising. Values free of NaN. O(n kEDivisiveWindow).
void e_divisive(std::span<const double> values, const EDivisiveOptions& options, EDivisiveScratch& scratch,
                std::vector<std::size_t>& cuts);

// The split of all values with the largest q, at least cells_min values on each side; 0 when there is no
// room. O(n^2).
std::size_t best_energy_split(std::span<const double> values, std::size_t cells_min);

inline constexpr std::size_t kEDivisiveWindow = 30;

}  // namespace trimtab::kernels
