// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <random>
#include <vector>

#include "kernels/season/find_seasons.h"

namespace trimtab::kernels {
namespace {

// 10,000 values of AR(1) 0.7; with `amplitude` a square day of 144 values on top.
void find_in_ten_thousand(benchmark::State& state, double amplitude) {
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  std::vector<double> values(10000);
  double level = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    level = 0.7 * level + normal(random);
    values[i] = level + (i % 144 < 48 ? amplitude : 0);
  }
  SeasonSearch search;
  for (auto _ : state) benchmark::DoNotOptimize(find_seasons(values, search).size());
}

void BM_find_seasons_in_noise(benchmark::State& state) { find_in_ten_thousand(state, 0); }
void BM_find_seasons_of_144(benchmark::State& state) { find_in_ten_thousand(state, 4); }
BENCHMARK(BM_find_seasons_in_noise)->Unit(benchmark::kMicrosecond);
BENCHMARK(BM_find_seasons_of_144)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace trimtab::kernels
