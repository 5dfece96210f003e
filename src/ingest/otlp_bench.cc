// SPDX-License-Identifier: Apache-2.0
// OTLP over a store that only looks series up and counts: 10,000 gauge points of 5 attributes per
// request, known series.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "base/check.h"
#include "ingest/exposition.h"
#include "ingest/otlp_testlib.h"
#include "ingest/receiver_testlib.h"

namespace trimtab {
namespace {

void receive_otlp(benchmark::State& state) {
  constexpr int kPoints = 10'000;
  std::vector<ProtoWriter> points;
  for (int i = 0; i < kPoints; ++i) {
    points.push_back(
        wire_test::number_point({.value = i * 0.5,
                                 .time_s = 1'700'000'000,
                                 .attributes = {{"http.method", i % 2 == 0 ? "GET" : "POST"},
                                                {"http.route", fmt::format("/api/v1/items/{}", i)},
                                                {"http.status_code", "200"},
                                                {"net.host.name", "checkout"},
                                                {"zone", "eu-west-1a"}}}));
  }
  const std::string body =
      wire_test::otlp_request({{"service.name", "cart"}, {"service.instance.id", "i-1"}},
                              {wire_test::metric("g", "s", 5, wire_test::gauge(points))});
  wire_test::Rig rig;
  rig.store.count_only = true;
  for (auto _ : state) {
    const auto outcome = rig.receiver.otlp_metrics("application/x-protobuf", "", body);
    CHECK(outcome && outcome->appended.taken == kPoints);
  }
  state.SetItemsProcessed(state.iterations() * kPoints);
}

void read_exposition(benchmark::State& state) {
  std::string text = "# TYPE node_cpu_seconds_total counter\n";
  constexpr int kLines = 10'000;
  for (int i = 0; i < kLines; ++i) {
    text += fmt::format("node_cpu_seconds_total{{cpu=\"{}\",mode=\"user\",instance=\"a:9100\"}} {}.25\n", i,
                        i * 17);
  }
  for (auto _ : state) {
    ExpositionParser parser(text, ExpositionFormat::kPrometheusText);
    int samples = 0;
    for (auto event = parser.next(); event != ExpositionParser::Event::kEnd; event = parser.next()) {
      samples += event == ExpositionParser::Event::kSample ? 1 : 0;
    }
    CHECK(samples == kLines);
  }
  state.SetItemsProcessed(state.iterations() * kLines);
}

BENCHMARK(receive_otlp);
BENCHMARK(read_exposition);

}  // namespace
}  // namespace trimtab
