// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <random>

#include "kernels/compare/sequential.h"
#include "kernels/compare/two_sample.h"
#include "kernels/leak/leak.h"

namespace trimtab::kernels {
namespace {

std::vector<double> noise(std::size_t count, unsigned seed, double slope = 0) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> out(count);
  for (std::size_t i = 0; i < count; ++i) out[i] = normal(random) + slope * static_cast<double>(i);
  return out;
}

void compare_two_samples(benchmark::State& state) {
  const auto before = noise(static_cast<std::size_t>(state.range(0)), 1);
  const auto after = noise(static_cast<std::size_t>(state.range(0)), 2);
  CompareScratch scratch;
  for (auto _ : state) benchmark::DoNotOptimize(compare_samples(before, after, {}, scratch));
}
BENCHMARK(compare_two_samples)->Arg(60)->Arg(600)->Arg(10'000)->Unit(benchmark::kMicrosecond);

void sequential_look(benchmark::State& state) {
  const auto treated = noise(10'000, 1), control = noise(10'000, 2);
  for (auto _ : state) {
    SequentialComparison test({});
    for (std::size_t i = 0; i < treated.size(); ++i)
      benchmark::DoNotOptimize(test.add(treated[i], control[i]));
  }
  state.SetItemsProcessed(state.iterations() * 10'000);
}
BENCHMARK(sequential_look)->Unit(benchmark::kMillisecond);

void find_leak_in_a_week(benchmark::State& state) {
  const auto values = noise(static_cast<std::size_t>(state.range(0)), 3, 0.01);
  LeakScratch scratch;
  for (auto _ : state) benchmark::DoNotOptimize(find_leak(values, {}, scratch));
}
BENCHMARK(find_leak_in_a_week)->Arg(2016)->Arg(10'080)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace trimtab::kernels
