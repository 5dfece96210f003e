// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <random>
#include <vector>

#include "kernels/season/find_seasons.h"

namespace trimtab::kernels {
namespace {

void BM_find_seasons_in_noise(benchmark::State& state) {
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  std::vector<double> values(10000);
  double level = 0;
  for (double& value : values) value = level = 0.7 * level + normal(random);
  SeasonSearch search;
  for (auto _ : state) benchmark::DoNotOptimize(find_seasons(values, search).size());
}
BENCHMARK(BM_find_seasons_in_noise);

}  // namespace
}  // namespace trimtab::kernels
