// SPDX-License-Identifier: Apache-2.0
#include "quality/simulated_seasons.h"

#include <cmath>
#include <limits>
#include <numbers>
#include <random>

namespace trimtab::quality {
namespace {

double shape_at(int shape, double phase) {
  switch (shape) {
    case 0: return std::sin(2 * std::numbers::pi * phase);
    case 1: return std::sin(2 * std::numbers::pi * phase) + 0.8 * std::cos(4 * std::numbers::pi * phase);
    default: return phase < 0.15 ? 2 : 0;
  }
}

double trend_at(int trend, double at) {
  switch (trend) {
    case 0: return 0;
    case 1: return 4 * at;
    case 2: return 3 * std::sin(2 * std::numbers::pi * 1.3 * at);
    default: return at > 0.6 ? 5 : 0;
  }
}

}  // namespace

std::vector<SimulatedSeries> simulate_seasons(unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform(0, 1);
  const std::size_t periods[] = {7, 12, 24, 60, 96, 168, 288};
  std::vector<SimulatedSeries> out;
  for (const double phi : {0.0, 0.5, 0.9}) {
    for (const std::size_t length : {std::size_t{400}, std::size_t{1500}, std::size_t{4000}}) {
      for (int trend = 0; trend < 4; ++trend) {
        for (const double gaps : {0.0, 0.2}) {
          for (int repeat = 0; repeat < 4; ++repeat) {
            for (const bool seasonal : {false, true}) {
              SimulatedSeries series;
              const double deviation = 1 / std::sqrt(1 - phi * phi);
              const double amplitude = (1 + 2 * uniform(random)) * deviation;
              if (seasonal) {
                do series.period = periods[random() % std::size(periods)];
                while (series.period * 6 > length);
              }
              const int shape = static_cast<int>(random() % 3);
              double state = deviation * normal(random);
              for (std::size_t i = 0; i < length; ++i) {
                state = phi * state + normal(random);
                double value =
                    state + deviation * trend_at(trend, static_cast<double>(i) / static_cast<double>(length));
                if (seasonal) {
                  value += amplitude * shape_at(shape, static_cast<double>(i % series.period) /
                                                           static_cast<double>(series.period));
                }
                series.values.push_back(uniform(random) < gaps ? std::numeric_limits<double>::quiet_NaN()
                                                               : value);
              }
              out.push_back(std::move(series));
            }
          }
        }
      }
    }
  }
  return out;
}

}  // namespace trimtab::quality
