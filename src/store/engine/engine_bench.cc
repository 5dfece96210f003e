// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <malloc.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "base/check.h"
#include "store/engine/engine_testlib.h"

// One core unless named otherwise: run under `taskset -c 0` for that. Each bench checks what it read.
namespace trimtab::embedded::testing {
namespace {

constexpr DurationMs kStepMs = 15 * kSecondMs;

Labels host_labels(std::uint64_t index) {
  return Labels{{"__name__", fmt::format("metric_{}_total", index % 1000)},
                {"instance", fmt::format("host-{:05}:9100", index / 1000)},
                {"job", "node"},
                {"region", index / 1000 % 3 == 0 ? "eu" : "us"},
                {"device", fmt::format("dev{}", index % 7)},
                {"mode", fmt::format("mode{}", index % 8)},
                {"cluster", "prod"}};
}

// Counters, two-decimal gauges, integers, constants: the mixed load.
double mixed_value(std::uint64_t series, std::uint64_t step, std::mt19937_64& random) {
  switch (series % 4) {
    case 0: return static_cast<double>(step * 37 + random() % 30);
    case 1: return static_cast<double>(5000 + random() % 200) / 100;
    case 2: return static_cast<double>((1000 + random() % 64) * 4096);
    default: return static_cast<double>(series);
  }
}

std::vector<SeriesId> make_series(TestStore& store, std::uint64_t count) {
  std::vector<SeriesId> ids;
  for (std::uint64_t i = 0; i < count; ++i) ids.push_back(store.series(host_labels(i)));
  return ids;
}

// Appends `steps` rounds over all series in batches of `batch`.
void fill(TestStore& store, const std::vector<SeriesId>& ids, std::uint64_t steps, std::size_t batch_size,
          std::uint64_t first_step = 0) {
  std::mt19937_64 random(first_step + 1);
  std::vector<Sample> batch;
  for (std::uint64_t step = first_step; step < first_step + steps; ++step) {
    for (std::size_t i = 0; i < ids.size(); ++i) {
      batch.push_back({ids[i], kNow - 30 * kDayMs + static_cast<TimestampMs>(step) * kStepMs,
                       mixed_value(i, step, random)});
      if (batch.size() == batch_size || i + 1 == ids.size()) {
        CHECK(store.append(batch).taken == batch.size());
        batch.clear();
      }
    }
  }
}

void append(benchmark::State& state) {
  const auto batch_size = static_cast<std::size_t>(state.range(0));
  TestStore store;
  store.hooks.background = true;
  store.reopen();
  const auto ids = make_series(store, 100'000);
  fill(store, ids, 1, 10'000);
  std::vector<Sample> batch(batch_size);
  std::mt19937_64 random(7);
  std::uint64_t at = 0;
  for (auto _ : state) {
    state.PauseTiming();
    for (Sample& sample : batch) {
      const std::uint64_t step = 1 + at / ids.size();
      const std::uint64_t index = at % ids.size();
      sample = {ids[index], kNow - 30 * kDayMs + static_cast<TimestampMs>(step) * kStepMs,
                mixed_value(index, step, random)};
      ++at;
    }
    state.ResumeTiming();
    const auto outcome = store.engine->append(batch);
    CHECK(outcome && outcome->taken == batch.size());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(at));
}
BENCHMARK(append)->Arg(500)->Arg(2'000)->Arg(10'000)->MinTime(4)->MeasureProcessCPUTime()->Unit(
    benchmark::kMicrosecond);

void resolve(benchmark::State& state) {
  TestStore store;
  store.reopen();
  std::vector<LabelsHash> keys;
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    keys.push_back(hash_bytes(std::to_string(i)));
    store.engine->remember_key(keys.back(), SeriesId{i});
  }
  std::vector<SeriesId> out(10'000);
  std::size_t at = 0;
  for (auto _ : state) {
    const std::span<const LabelsHash> part(keys.data() + at, out.size());
    CHECK(store.engine->resolve(part, out) == 0);
    at = (at + out.size()) % keys.size();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(out.size()));
}
BENCHMARK(resolve)->Unit(benchmark::kMicrosecond);

std::uint64_t heap_bytes() {
  const auto info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

// A million series: memory each after 300 open samples, then a look-up by one equality and one regex.
void million_series(benchmark::State& state) {
  const std::uint64_t count = 1'000'000;
  TestStore store;
  store.reopen();
  const std::uint64_t before = heap_bytes();
  const auto ids = make_series(store, count);
  const std::uint64_t index_only = heap_bytes() - before;
  fill(store, ids, static_cast<std::uint64_t>(state.range(0)), 10'000);
  const auto stats = store.engine->stats();
  CHECK(stats.series == count);
  state.counters["index_heap_per_series"] = static_cast<double>(index_only) / static_cast<double>(count);
  state.counters["heap_per_series"] = static_cast<double>(heap_bytes() - before) / static_cast<double>(count);
  state.counters["counted_per_series"] = static_cast<double>(stats.memory_bytes) / static_cast<double>(count);
  const Matchers matchers{Matcher::equal("__name__", "metric_17_total"),
                          *Matcher::create(MatchOp::kRegex, "instance", "host-0.*[13579]:9100")};
  for (auto _ : state) {
    const auto set = store.engine->select(matchers, {}, {});
    CHECK(set && (*set)->size() == 500);
  }
}
BENCHMARK(million_series)->Arg(20)->Arg(300)->Iterations(200)->Unit(benchmark::kMillisecond);

void aligned_scan(benchmark::State& state) {
  const auto align = static_cast<Align>(state.range(0));
  TestStore store;
  store.options.cache_bytes = std::uint64_t{1} << 30;
  store.reopen();
  const auto ids = make_series(store, 2'000);
  const std::uint64_t steps = 10'080;
  fill(store, ids, steps, 10'000);
  CHECK(store.engine->compact().has_value());
  const auto stats = store.engine->stats();
  CHECK(stats.samples == ids.size() * steps);
  state.counters["disk_bytes_per_sample"] =
      static_cast<double>(stats.disk_bytes) / static_cast<double>(stats.samples);
  const auto inspection = store.engine->inspect(false, 0);
  state.counters["chunk_bytes_per_sample"] =
      static_cast<double>(inspection->chunk_bytes) / static_cast<double>(stats.samples);
  const TimestampMs from = kNow - 30 * kDayMs;
  for (auto _ : state) {
    const auto matrix = store.engine->aligned({}, {from, from + static_cast<TimestampMs>(steps) * kStepMs},
                                              5 * kMinuteMs, align, {});
    CHECK(matrix && matrix->rows() == ids.size());
    CHECK(matrix->row(3)[5] == 3);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(stats.samples));
}
BENCHMARK(aligned_scan)
    ->Arg(static_cast<int>(Align::kLast))
    ->Arg(static_cast<int>(Align::kMean))
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kMillisecond);

// A start after kill -9 with a quarter gigabyte of journal.
void recovery(benchmark::State& state) {
  TestStore store;
  store.hooks.limits.checkpoint_journal_bytes = std::uint64_t{1} << 40;
  store.hooks.limits.journal_bytes_max = std::uint64_t{1} << 40;
  store.reopen();
  const auto ids = make_series(store, 100'000);
  fill(store, ids, 250, 10'000);
  const auto journal = store.engine->inspect(false, 0)->journal_bytes;
  const std::string crashed = store.directory.path("crashed");
  std::filesystem::copy(store.options.directory, crashed, std::filesystem::copy_options::recursive);
  store.close();
  state.counters["journal_MB"] = static_cast<double>(journal) / 1e6;
  for (auto _ : state) {
    state.PauseTiming();
    const std::string copy = store.directory.path("copy");
    std::filesystem::remove_all(copy);
    std::filesystem::copy(crashed, copy, std::filesystem::copy_options::recursive);
    store.options.directory = copy;
    state.ResumeTiming();
    store.reopen();
    state.PauseTiming();
    CHECK(store.engine->stats().samples == 250 * ids.size());
    store.close();
    state.ResumeTiming();
  }
}
BENCHMARK(recovery)->Iterations(2)->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace trimtab::embedded::testing
