// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <random>
#include <thread>

#include "kernels/correlate/changed_rows.h"
#include "kernels/correlate/lagged_correlation.h"

namespace trimtab::kernels {
namespace {

constexpr std::size_t kColumns = 600;

std::vector<double> rows_of(std::size_t rows, double phi) {
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  std::vector<double> out(rows * kColumns);
  double state = 0;
  for (double& value : out) value = 100 + (state = phi * state + normal(random));
  return out;
}

// Per row; window of range(0) columns, AR(1) of range(1) percent.
void scan_rows(benchmark::State& state) {
  const std::size_t rows = 2000;
  const auto values = rows_of(rows, static_cast<double>(state.range(1)) / 100);
  const ColumnWindow window{kColumns - static_cast<std::size_t>(state.range(0)), kColumns};
  std::vector<RowChange> out(rows);
  ChangedRowsWorkspace workspace;
  for (auto _ : state) {
    scan_changed_rows({values, kColumns}, window, out, workspace);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * rows));
}
BENCHMARK(scan_rows)
    ->ArgsProduct({{30, 60, 120, 300}, {0, 50}})
    ->Args({60, 90})
    ->Unit(benchmark::kMillisecond);

// 100,000 rows of 600 columns over two threads, the ranking included.
void scan_hundred_thousand_rows(benchmark::State& state) {
  const std::size_t rows = 100'000, half = rows / 2;
  const auto values = rows_of(rows, 0.5);
  const ColumnWindow window{kColumns - 60, kColumns};
  std::vector<RowChange> out(rows);
  ChangedRowsWorkspace first, second;
  const auto scan = [&](std::size_t begin, std::size_t end, ChangedRowsWorkspace& workspace) {
    scan_changed_rows({std::span(values).subspan(begin * kColumns, (end - begin) * kColumns), kColumns},
                      window, std::span(out).subspan(begin, end - begin), workspace);
  };
  for (auto _ : state) {
    {
      const std::jthread other([&] { scan(half, rows, second); });
      scan(0, half, first);
    }
    benchmark::DoNotOptimize(rank_changed_rows(out, 0.01));
  }
}
BENCHMARK(scan_hundred_thousand_rows)->UseRealTime()->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);

void lagged_correlation(benchmark::State& state) {
  const auto values = rows_of(2, 0.5);
  const auto lag_max = static_cast<std::size_t>(state.range(0));
  LaggedCorrelationWorkspace workspace;
  whiten_target(std::span(values).first(kColumns), workspace);
  for (auto _ : state)
    benchmark::DoNotOptimize(correlate_with_target(std::span(values).last(kColumns), lag_max, workspace));
}
BENCHMARK(lagged_correlation)->Arg(0)->Arg(10)->Arg(60)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace trimtab::kernels
