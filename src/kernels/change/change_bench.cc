// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <random>

#include "kernels/change/change_points.h"
#include "kernels/change/focus.h"

namespace trimtab::kernels {
namespace {

// White noise with a step of two standard deviations every twentieth of the series.
std::vector<double> stepping(std::size_t count) {
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  std::vector<double> out(count);
  for (std::size_t i = 0; i < count; ++i) out[i] = normal(random) + (i * 20 / count % 2 == 1 ? 2 : 0);
  return out;
}

void find_changes_in_one_series(benchmark::State& state) {
  const auto values = stepping(static_cast<std::size_t>(state.range(0)));
  ChangeWorkspace workspace;
  std::vector<ChangePoint> out;
  for (auto _ : state) {
    find_changes(values, {}, workspace, out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(find_changes_in_one_series)
    ->Arg(200)
    ->Arg(1000)
    ->Arg(10'000)
    ->Arg(1'000'000)
    ->Unit(benchmark::kMillisecond);

void focus_per_value(benchmark::State& state) {
  const auto values = stepping(100'000);
  for (auto _ : state) {
    Focus focus;
    for (const double value : values) benchmark::DoNotOptimize(focus.add(value));
  }
  state.SetItemsProcessed(state.iterations() * 100'000);
}
BENCHMARK(focus_per_value)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace trimtab::kernels
