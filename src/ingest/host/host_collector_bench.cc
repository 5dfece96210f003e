// SPDX-License-Identifier: Apache-2.0
// One round of the host collector on this machine's own /proc and /sys, storing into maps.
#include <benchmark/benchmark.h>

#include "ingest/host/host_collector.h"
#include "store/memory_store_testlib.h"

namespace trimtab {
namespace {

void host_round(benchmark::State& state) {
  MemoryStore store;
  SystemClock clock;
  Metrics metrics;
  Rejects rejects(metrics, clock);
  const auto logger = create_null_logger();
  HostCollector collector({}, store, rejects, clock, metrics, *logger);
  for (auto _ : state) {
    if (!collector.collect()) state.SkipWithError("the store refused");
  }
  if (store.samples("node_load1").empty()) state.SkipWithError("no numbers were read");
  state.counters["series"] = static_cast<double>(store.series_names().size());
}
BENCHMARK(host_round)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace trimtab
