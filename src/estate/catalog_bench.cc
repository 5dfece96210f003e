// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include "base/check.h"
#include "estate/estate.h"

namespace trimtab {
namespace {

std::vector<Labels> mixed_series() {
  const char* names[] = {"node_cpu_seconds_total",
                         "node_memory_MemAvailable_bytes",
                         "node_netstat_Udp_OutDatagrams",
                         "http_server_request_duration_seconds_bucket",
                         "process_open_fds",
                         "acme_orders_total",
                         "acme_worker_queue_depth",
                         "trimtab_store_samples_total",
                         "petshop_latency_seconds",
                         "container_memory_working_set_bytes"};
  std::vector<Labels> series;
  for (int i = 0; i < 10'000; ++i) {
    series.push_back(Labels{{"__name__", names[i % 10]},
                            {"instance", "host-" + std::to_string(i / 100)},
                            {"job", "api"},
                            {"mode", i % 3 == 0 ? "idle" : "user"},
                            {"le", "0.5"}});
  }
  return series;
}

void classify_10k_series(benchmark::State& state) {
  const auto catalog = Catalog::load({});
  CHECK(catalog.has_value());
  const Estate estate;
  const auto series = mixed_series();
  CHECK(catalog->find(series[0]).aspect == "utilisation");
  for (auto _ : state) {
    for (const Labels& labels : series) {
      const Signal signal = catalog->find(labels);
      benchmark::DoNotOptimize(estate.entity_of(labels, signal));
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(series.size()));
}
BENCHMARK(classify_10k_series)->Unit(benchmark::kMillisecond);

void load_built_in_catalogue(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(Catalog::load({}));
}
BENCHMARK(load_built_in_catalogue)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace trimtab
