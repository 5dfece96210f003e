// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

// Series with and without a season, for measuring how well seasons are told from noise.
namespace trimtab::quality {

struct SimulatedSeries {
  std::vector<double> values{};  // NaN: gap
  std::size_t period = 0;        // 0: none
};

// A grid of AR(1) noise (phi 0, .5, .9), lengths 400 to 4000, lines, slow waves and steps, gaps up to 20 %,
// with no season or one of period 7 to 288 (sine, two bumps, a spike a cycle; amplitude 1 to 3 standard
// deviations of the noise, at least six cycles). `seed` gives another draw of the same grid.
std::vector<SimulatedSeries> simulate_seasons(unsigned seed);

}  // namespace trimtab::quality
