// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "kernels/trend.h"

namespace trimtab::kernels {

enum class LeakKind {
  kNone,        // no growth that matters and is clear
  kLeak,        // the floor under the values keeps rising
  kSaturating,  // it rose, but bends towards a plateau: a cache that fills, a warm-up
  kStep,        // it rose once and has been level since
  kUnknown,     // too few values since the last restart
};
std::string_view to_string(LeakKind kind);

struct Leak {
  LeakKind kind = LeakKind::kUnknown;
  std::size_t since = 0;  // first cell after the last restart
  double slope = 0;       // of the floor, per cell, with its 90 % interval
  double slope_low = 0;
  double slope_high = 0;
  double level = 0;          // the floor now
  double spread = 0;         // of the floor around its trend
  double growth = 0;         // slope times the cells since
  double probability = 1;    // of so clear a trend without one
  double rising_share = 0;   // of the floor's moves that go up, 0 to 1
  std::size_t restarts = 0;  // falls of the floor that look like restarts
};

struct LeakOptions {
  double probability_max = 1e-3;
  double growth_min = 0.05;  // of the level: less does not matter
};

struct LeakScratch {
  std::vector<double> values, floors, other;
  std::vector<std::size_t> cells;
  TrendScratch trend;
};

// Does memory (handles, connections, disk) leak? Looks at the floor, minima over equal blocks, so that
// garbage collection and load swings above it do not matter; starts after the last restart (the floor falls
// by a good part of its whole range); Theil-Sen slope and Mann-Kendall test of fit_trend(), corrected for
// autocorrelation. A clear rise is a leak only when its later half still rises and a line fits it as well as
// a saturating exponential (by BIC). Assumes that the load did not grow over the same time. NaN cells are
// skipped. Cost: O(n) plus about 0.1 ms. Allocates only while the scratch grows.
Leak find_leak(std::span<const double> values, const LeakOptions& options, LeakScratch& scratch);

inline constexpr std::size_t kFloorBlocks = 48;
inline constexpr std::size_t kFloorBlocksMin = 12;

}  // namespace trimtab::kernels
