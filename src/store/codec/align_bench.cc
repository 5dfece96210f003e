// SPDX-License-Identifier: Apache-2.0
// Samples per second from chunks to the cells of an aligned row, one core: decode, then fold.
#include "store/codec/align.h"

#include <benchmark/benchmark.h>

#include <random>

#include "base/check.h"
#include "store/codec/chunk_codec.h"
#include "store/codec/chunk_data_testlib.h"

namespace trimtab {
namespace {

constexpr std::size_t kChunk = 480;
constexpr std::size_t kChunks = 50;

void bench_decode_and_align(benchmark::State& state, Align mode, DurationMs step_ms) {
  std::mt19937_64 random(42);
  SampleBuffer series;  // every 15 s
  const std::string wanted = mode == Align::kIncrease ? "counter" : "gauge_2_decimals";
  for (const auto& kind : testing::series_kinds()) {
    if (kind.name == wanted) series = kind.make(random, kChunk * kChunks);
  }
  CHECK(series.size() == kChunk * kChunks);
  std::vector<std::string> chunks(kChunks);
  for (std::size_t i = 0; i < kChunks; ++i) {
    encode_chunk(std::span(series.timestamps_ms).subspan(i * kChunk, kChunk),
                 std::span(series.values).subspan(i * kChunk, kChunk), chunks[i]);
  }
  const DurationMs covered = series.timestamps_ms.back() - series.timestamps_ms.front();
  const AlignGrid grid{series.timestamps_ms.front(), step_ms,
                       static_cast<std::size_t>(covered / step_ms) + 1};
  std::vector<double> row(grid.columns);
  std::vector<double> expected(grid.columns);
  align_samples(series.timestamps_ms, series.values, grid, mode, expected);
  SampleBuffer buffer;
  for (auto _ : state) {
    buffer.clear();
    for (const std::string& chunk : chunks) CHECK(decode_chunk(chunk, buffer));
    align_samples(buffer.timestamps_ms, buffer.values, grid, mode, row);
    benchmark::DoNotOptimize(row.data());
  }
  for (std::size_t c = 1; c < row.size(); ++c) CHECK(row[c] == expected[c]);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(series.size()));
}

BENCHMARK_CAPTURE(bench_decode_and_align, mean_1m, Align::kMean, kMinuteMs);
BENCHMARK_CAPTURE(bench_decode_and_align, mean_5m, Align::kMean, 5 * kMinuteMs);
BENCHMARK_CAPTURE(bench_decode_and_align, last_1m, Align::kLast, kMinuteMs);
BENCHMARK_CAPTURE(bench_decode_and_align, max_5m, Align::kMax, 5 * kMinuteMs);
BENCHMARK_CAPTURE(bench_decode_and_align, increase_5m, Align::kIncrease, 5 * kMinuteMs);

}  // namespace
}  // namespace trimtab
