// SPDX-License-Identifier: Apache-2.0
#include "analyze/synthetic_testlib.h"

#include <array>
#include <cmath>
#include <limits>
#include <random>

namespace trimtab::analyze {

std::string to_string(Quiet kind) {
  static constexpr std::array<const char*, kQuietKinds> kNames{
      "normal", "red", "seasonal", "log_normal", "bursty", "sparse", "random_walk", "steps", "counts"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::vector<double> quiet_series(Quiet kind, std::size_t count, std::size_t cells_per_day, unsigned seed) {
  std::mt19937_64 random(seed * 7919ull + static_cast<unsigned>(kind));
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  std::exponential_distribution<double> exponential;
  std::poisson_distribution<int> poisson(2);
  const double per_hour = static_cast<double>(cells_per_day) / 24;
  std::vector<double> out(count);
  double state = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double day = static_cast<double>(i % cells_per_day) / static_cast<double>(cells_per_day);
    switch (kind) {
      case Quiet::kNormal: out[i] = 100 + 5 * normal(random); break;
      case Quiet::kRed: out[i] = 100 + (state = 0.9 * state + normal(random)); break;
      case Quiet::kSeasonal:
        out[i] = 100 + 40 * std::sin(2 * M_PI * day) + 3 * normal(random) +
                 (std::fmod(static_cast<double>(i), per_hour) < 1 ? 30 : 0);
        break;
      case Quiet::kLogNormal: out[i] = 0.05 * std::exp(0.5 * normal(random)); break;
      case Quiet::kBursty: out[i] = uniform(random) < 0.02 ? 10 * exponential(random) : 0.0; break;
      case Quiet::kSparse:
        out[i] = uniform(random) < 0.5 ? std::numeric_limits<double>::quiet_NaN() : 10 + normal(random);
        break;
      case Quiet::kRandomWalk: out[i] = 1000 + (state += normal(random)); break;
      case Quiet::kSteps:
        if (uniform(random) < 0.25 / per_hour) state = 3 * normal(random);
        out[i] = 50 + state + normal(random);
        break;
      case Quiet::kCounts: out[i] = poisson(random); break;
    }
  }
  return out;
}

}  // namespace trimtab::analyze
