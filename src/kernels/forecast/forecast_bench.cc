// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <cmath>
#include <numbers>
#include <random>

#include "kernels/forecast/forecast.h"
#include "kernels/forecast/seasons.h"

namespace trimtab::kernels {
namespace {

// Hours of a daily and weekly load, as long as M4's hourly series.
std::vector<double> hours(std::size_t count) {
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  std::vector<double> out(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double day = 2 * std::numbers::pi * static_cast<double>(i % 24) / 24;
    out[i] = 100 + 30 * std::sin(day) + (i / 24 % 7 < 5 ? 20 : 0) + 3 * normal(random);
  }
  return out;
}

void forecast_with_pool_and_intervals(benchmark::State& state) {
  const auto values = hours(static_cast<std::size_t>(state.range(0)));
  ForecastWorkspace workspace;
  Forecast out;
  for (auto _ : state) {
    forecast(values, {.horizon = 48, .periods = {24, 168}}, workspace, out);
    benchmark::DoNotOptimize(out.band(0.95).low.data());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(forecast_with_pool_and_intervals)->Arg(700)->Arg(960)->Arg(4096)->Unit(benchmark::kMillisecond);

void find_likely_seasons(benchmark::State& state) {
  const auto values = hours(960);
  SeasonSearch scratch;
  for (auto _ : state) benchmark::DoNotOptimize(likely_seasons(values, scratch));
}
BENCHMARK(find_likely_seasons)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace trimtab::kernels
