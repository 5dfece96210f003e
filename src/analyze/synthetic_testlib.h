// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace trimtab::analyze {

// Kinds of quiet series that telemetry is made of; each is a stationary process or an honest random walk,
// so anything reported about it is a false alarm.
enum class Quiet {
  kNormal,      // white noise
  kRed,         // AR(1), phi 0.9
  kSeasonal,    // a day's swing, noise, one minute job each hour
  kLogNormal,   // latencies: exp(0.5 N)
  kBursty,      // 0 with now and then a burst of exponential size
  kSparse,      // four of five cells missing half of the day
  kRandomWalk,  // memory-like drift
  kSteps,       // holds a level for hours, then another nearby
  kCounts,      // Poisson counts with a small mean
};
inline constexpr int kQuietKinds = 9;
std::string to_string(Quiet kind);

// `count` cells, `cells_per_day` of them a day. NaN where missing. Deterministic in the seed.
std::vector<double> quiet_series(Quiet kind, std::size_t count, std::size_t cells_per_day, unsigned seed);

}  // namespace trimtab::analyze
