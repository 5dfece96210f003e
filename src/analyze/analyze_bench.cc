// SPDX-License-Identifier: Apache-2.0
// One full pass over 10,000 series x 7 days at 1 min, from a store that makes its samples up (copies of
// 144 quiet series of 9 kinds), and the judgement of one series by kind.
//
// Cost sketch of a pass that learns everything: 100.8 M samples. Reading 0.3 s at 350 M samples/s/core; even
// cells twice, about 5 ns a sample each; seasons and levels 15 ns (over 2,048 and 192 means); reference
// statistics 25 ns; window means and their tails 30 ns. About 90 ns a sample, 9 core seconds, 5 s on two
// cores. With a memory of what was learnt the second cells, seasons and levels fall away and a hash of the
// samples comes.
#include <benchmark/benchmark.h>

#include <cmath>
#include <memory>
#include <string>

#include "analyze/analyzer.h"
#include "analyze/fake_store_testlib.h"
#include "analyze/judge.h"
#include "analyze/learn.h"
#include "analyze/memory.h"
#include "analyze/synthetic_testlib.h"

namespace trimtab::analyze {
namespace {

constexpr std::size_t kDay = 1440;
constexpr std::size_t kWeek = 7 * kDay;
constexpr TimestampMs kNow = 1'795'255'200'000;

const std::vector<std::vector<double>>& shapes() {
  static const std::vector<std::vector<double>> made = [] {
    std::vector<std::vector<double>> out;
    for (int i = 0; i < 16 * kQuietKinds; ++i) {
      out.push_back(quiet_series(static_cast<Quiet>(i % kQuietKinds), kWeek, kDay, static_cast<unsigned>(i)));
    }
    return out;
  }();
  return made;
}

void fill(std::size_t index, TimeRange, SampleBuffer& out) {
  const std::vector<double>& values = shapes()[index % shapes().size()];
  for (std::size_t i = 0; i < kWeek; ++i) {
    if (std::isnan(values[i])) continue;
    out.timestamps_ms.push_back(kNow - static_cast<TimestampMs>(kWeek - 1 - i) * kMinuteMs);
    out.values.push_back(values[i]);
  }
}

// range(2): 0 learns everything, 1 remembers it from a pass before.
void full_pass(benchmark::State& state) {
  FakeStore store;
  const auto count = static_cast<std::size_t>(state.range(0));
  for (std::size_t i = 0; i < count; ++i) {
    store.add(
        {{"__name__", "app_" + std::to_string(i % 50) + "_depth"}, {"service", "s" + std::to_string(i / 50)}},
        {});
  }
  store.set_generator(fill);
  shapes();
  const Catalog catalog = Catalog::load({}).value();
  const Estate estate;
  const SystemClock clock;
  Metrics metrics;
  const auto logger = create_null_logger();
  const auto querier = promql::Querier::local(store);
  Analyzer analyzer(store, *querier, catalog, estate, clock, metrics, *logger);
  AnalysisOptions options;
  options.threads = static_cast<int>(state.range(1));
  Memory memory;
  if (state.range(2) == 1) {
    options.memory = &memory;
    if (!analyzer.run(kNow, options)) state.SkipWithError("the first pass failed");
  }
  double samples = 0;
  double findings = 0;
  for (auto _ : state) {
    const AnalysisResult result = analyzer.run(kNow, options).value();
    samples += static_cast<double>(result.pass.coverage.samples_read);
    findings = static_cast<double>(result.findings.size());
    if (result.pass.coverage.series_watched != count) state.SkipWithError("not every series was judged");
  }
  state.counters["samples/s"] = benchmark::Counter(samples, benchmark::Counter::kIsRate);
  state.counters["false_alarms"] = findings;
}
BENCHMARK(full_pass)
    ->Args({10'000, 2, 0})
    ->Args({10'000, 1, 0})
    ->Args({10'000, 1, 1})
    ->Args({1'000, 1, 0})
    ->Args({1'000, 1, 1})
    ->Unit(benchmark::kSecond)
    ->UseRealTime()
    ->Iterations(1);

// range(1): 1 learns first.
void judge_one(benchmark::State& state) {
  const auto kind = static_cast<Quiet>(state.range(0));
  state.SetLabel(to_string(kind));
  const auto values = quiet_series(kind, kWeek, kDay, 1);
  const kernels::Cells cells{.first_end_ms = kNow - static_cast<TimestampMs>(kWeek - 1) * kMinuteMs,
                             .step_ms = kMinuteMs,
                             .count = kWeek};
  LearnScratch learning;
  JudgeScratch scratch;
  for (auto _ : state) {
    const Learnt learnt = state.range(1) == 0 ? Learnt{} : learn(cells, values, learning);
    benchmark::DoNotOptimize(judge_cells(cells, values, {}, learnt, scratch));
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kWeek));
}
BENCHMARK(judge_one)
    ->ArgsProduct({benchmark::CreateDenseRange(0, kQuietKinds - 1, 1), {0, 1}})
    ->Unit(benchmark::kMicrosecond);

// One series of an office, range(0) weeks in 20,160 cells at most: learning, and judging with what was
// learnt.
void weeks_of_an_office(benchmark::State& state) {
  const auto weeks = static_cast<DurationMs>(state.range(0));
  kernels::Cells cells{.step_ms = (weeks + 1) / 2 * kMinuteMs};
  cells.count = static_cast<std::size_t>(weeks * kWeekMs / cells.step_ms);
  cells.first_end_ms = kNow - static_cast<DurationMs>(cells.count - 1) * cells.step_ms;
  std::vector<double> values = quiet_series(Quiet::kNormal, cells.count, kDay, 1);
  for (std::size_t i = 0; i < cells.count; ++i) {
    const TimestampMs time = cells.end(i) - cells.step_ms / 2;
    const DurationMs hour = time % kDayMs / kHourMs;
    values[i] += (time / kDayMs + 3) % 7 < 5 && hour >= 9 && hour < 17 ? 100 : 0;
  }
  LearnScratch learning;
  JudgeScratch scratch;
  const Learnt known = learn(cells, values, learning);
  for (auto _ : state) {
    if (state.range(1) == 0) benchmark::DoNotOptimize(learn(cells, values, learning));
    if (state.range(1) == 1) benchmark::DoNotOptimize(judge_cells(cells, values, {}, known, scratch));
  }
  state.SetLabel(known.calendar_gain > 0 ? "calendar" : "seasons");
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) *
                          static_cast<std::int64_t>(cells.count));
}
BENCHMARK(weeks_of_an_office)->ArgsProduct({{2, 4, 6, 12}, {0, 1}})->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace trimtab::analyze
