// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <cmath>
#include <random>
#include <vector>

#include "kernels/anomaly/series_detector.h"

namespace trimtab::kernels {
namespace {

std::vector<double> week_of_minutes() {
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  std::vector<double> out(10080);
  double state = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    state = 0.7 * state + normal(random);
    out[i] = 100 + 20 * std::sin(static_cast<double>(i) * 2 * 3.14159265 / 1440) + state;
  }
  return out;
}

void BM_alarm_lane(benchmark::State& state) {
  const auto values = week_of_minutes();
  SeriesDetector detector(1440);
  std::size_t i = 0;
  std::size_t alarms = 0;
  for (auto _ : state) alarms += detector.update_alarm(values[i++ % values.size()]).is_anomaly ? 1 : 0;
  benchmark::DoNotOptimize(alarms);
}
BENCHMARK(BM_alarm_lane);

void BM_all_lanes(benchmark::State& state) {
  const auto values = week_of_minutes();
  SeriesDetector detector(1440);
  std::size_t i = 0;
  double sum = 0;
  for (auto _ : state) sum += detector.update(values[i++ % values.size()]).score;
  benchmark::DoNotOptimize(sum);
}
BENCHMARK(BM_all_lanes);

}  // namespace
}  // namespace trimtab::kernels
