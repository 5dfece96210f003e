// SPDX-License-Identifier: Apache-2.0
// Queries over the embedded store: 10k series of six hours at 15 s (TRIMTAB_BENCH_SERIES asks for another number).
// Each benchmark runs one query on one thread; items are samples decoded.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "base/check.h"
#include "query/engine.h"
#include "store/embedded_store.h"

namespace {

using namespace trimtab;

constexpr TimestampMs kEnd = 1'700'006'400'000;
constexpr DurationMs kSpan = 6 * kHourMs;

std::size_t series_wanted() {
  const char* text = std::getenv("TRIMTAB_BENCH_SERIES");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : 10'000;
}

// `requests_bucket`, ten buckets for each instance: whole counts that never fall, as a scrape sees them.
void fill(EmbeddedStore& store) {
  std::mt19937_64 random(1);
  const std::size_t instances = series_wanted() / 10;
  std::vector<Sample> batch;
  for (std::size_t instance = 0; instance < instances; ++instance) {
    std::vector<SeriesId> ids;
    for (int le = 0; le < 10; ++le) {
      const Labels labels{{std::string(kMetricName), "requests_bucket"},
                          {"cluster", "c" + std::to_string(instance % 3)},
                          {"job", "job" + std::to_string(instance % 20)},
                          {"instance", "10.0." + std::to_string(instance / 250) + "." + std::to_string(instance % 250) + ":9090"},
                          {"zone", "z" + std::to_string(instance % 7)},
                          {"le", le == 9 ? "+Inf" : std::to_string(0.005 * (1 << le))}};
      ids.push_back(store.ensure_series(labels).value());
    }
    std::vector<double> counts(ids.size());
    for (TimestampMs t = kEnd - kSpan; t <= kEnd; t += 15 * kSecondMs) {
      double total = 0;
      for (std::size_t le = 0; le < ids.size(); ++le) {
        total += static_cast<double>(random() % 20);
        counts[le] += total;
        batch.push_back({ids[le], t + static_cast<TimestampMs>(instance % 15'000), counts[le]});
      }
    }
    CHECK(store.append(batch).has_value());
    batch.clear();
  }
  CHECK(store.compact().has_value());
}

struct Data {
  SystemClock system;
  FakeClock clock{kEnd + kMinuteMs};
  Metrics metrics;
  std::unique_ptr<Logger> logger = create_null_logger();
  std::unique_ptr<EmbeddedStore> store;
  std::string directory;
  Data() {
    directory = (std::filesystem::temp_directory_path() / "trimtab_engine_bench").string();
    std::filesystem::remove_all(directory);
    EmbeddedStoreOptions options;
    options.directory = directory;
    store = EmbeddedStore::open(options, clock, metrics, *logger).value();
    fill(*store);
  }
  ~Data() {
    store.reset();
    std::filesystem::remove_all(directory);
  }
};
Data& data() {
  static Data filled;
  return filled;
}

void query(benchmark::State& state, const char* text, DurationMs span, DurationMs step) {
  std::uint64_t samples = 0;
  for (auto _ : state) {
    const auto answer = promql::run(*data().store, text, promql::QueryWindow::over(kEnd - span, kEnd, step));
    CHECK(answer.has_value(), "{}", answer.error().message());
    CHECK(answer->rows() > 0, "{} gave nothing", text);
    samples += answer->stats.samples_decoded;
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(samples));
}

constexpr DurationMs kQuarter = 15 * kSecondMs;
#define BENCH_QUERY(name, text)                                                                          \
  BENCHMARK_CAPTURE(query, name##_1h_15s, text, kHourMs, kQuarter)->Unit(benchmark::kMillisecond);       \
  BENCHMARK_CAPTURE(query, name##_5h_60s, text, 5 * kHourMs, kMinuteMs)->Unit(benchmark::kMillisecond)

BENCH_QUERY(selector_100, "requests_bucket{job=\"job1\",le=\"+Inf\"}");
BENCH_QUERY(selector_all, "requests_bucket");
BENCH_QUERY(rate_all, "rate(requests_bucket[5m])");
BENCH_QUERY(sum_by_rate, "sum by (job) (rate(requests_bucket[5m]))");
BENCH_QUERY(histogram, "histogram_quantile(0.9, sum by (le, job) (rate(requests_bucket[5m])))");
BENCH_QUERY(quantile_over_time, "sum(quantile_over_time(0.9, requests_bucket[10m]))");
BENCH_QUERY(sum_over_time, "sum(sum_over_time(requests_bucket[30m]))");
BENCH_QUERY(topk, "topk(5, rate(requests_bucket[5m]))");
BENCH_QUERY(join, "rate(requests_bucket{le!=\"+Inf\"}[5m]) / ignoring (le) group_left rate(requests_bucket{le=\"+Inf\"}[5m])");
BENCH_QUERY(regex, "sum(rate(requests_bucket{instance=~\"10[.]0[.].*[02468]:90.*\",zone!~\"z[123]\"}[5m]))");
BENCH_QUERY(subquery, "max_over_time(sum by (job) (rate(requests_bucket[1m]))[10m:1m])");

}  // namespace
