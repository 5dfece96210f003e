// SPDX-License-Identifier: Apache-2.0
// Where the time of a remote write request goes, per sample: decompression, parsing and hashing, and
// the whole receiver over a store that only looks series up and counts. 100,000 series of 7 labels,
// one sample each, in requests of 500, 2,000 and 10,000 series; every request has its own series, so
// lookups miss the caches as they do in service.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "base/check.h"
#include "ingest/receiver_testlib.h"
#include "ingest/remote_write.h"
#include "ingest/remote_write_testlib.h"

namespace trimtab {
namespace {

constexpr int kSeriesCount = 100'000;

wire_test::LabelPairs labels_of(int i) {
  return {{"__name__", "http_server_requests_seconds_count"},
          {"cluster", "production-eu-west-1"},
          {"instance", fmt::format("10.{}.{}.17:9100", i % 200, i / 20000)},
          {"job", "checkout"},
          {"method", i % 2 == 0 ? "GET" : "POST"},
          {"pod", fmt::format("checkout-7d9f8b6c5-{:05}", i)},
          {"status", i % 10 == 0 ? "500" : "200"}};
}

std::vector<std::string> bodies(int per_request, bool second, bool compressed) {
  std::vector<std::string> out;
  for (int first = 0; first < kSeriesCount; first += per_request) {
    ProtoWriter one;
    wire_test::V2Request two;
    for (int i = first; i < first + per_request; ++i) {
      const std::vector<wire_test::Point> points{{1'700'000'000'000, i * 0.5}};
      if (second) {
        two.add(labels_of(i), points);
      } else {
        one.message(1, wire_test::encode_series(labels_of(i), points));
      }
    }
    const std::string message = second ? two.str() : one.str();
    out.push_back(compressed ? wire_test::snap(message) : message);
  }
  return out;
}

void per_sample(benchmark::State& state, int per_request) {
  state.SetItemsProcessed(state.iterations() * per_request);
}

void decompress(benchmark::State& state) {
  const int per_request = static_cast<int>(state.range(0));
  const auto requests = bodies(per_request, false, true);
  ByteBuffer buffer;
  std::size_t i = 0;
  for (auto _ : state) {
    CHECK(snappy_decompress(requests[i++ % requests.size()], 256 << 20, buffer).has_value());
  }
  per_sample(state, per_request);
}

void decode_v1(benchmark::State& state) {
  const int per_request = static_cast<int>(state.range(0));
  const auto requests = bodies(per_request, false, false);
  RemoteWriteV1 request;
  std::size_t i = 0;
  for (auto _ : state) {
    request.clear();
    CHECK(decode_remote_write_v1(requests[i++ % requests.size()], {}, request).has_value());
    CHECK(request.batch.samples.size() == static_cast<std::size_t>(per_request));
  }
  per_sample(state, per_request);
}

void decode_v2(benchmark::State& state) {
  const int per_request = static_cast<int>(state.range(0));
  const auto requests = bodies(per_request, true, false);
  RemoteWriteV2 request;
  RejectTally tally;
  ReceiveOutcome outcome;
  std::size_t i = 0;
  for (auto _ : state) {
    request.clear();
    CHECK(decode_remote_write_v2(requests[i++ % requests.size()], {}, request, tally, outcome).has_value());
    CHECK(request.batch.samples.size() == static_cast<std::size_t>(per_request));
  }
  per_sample(state, per_request);
}

void receive(benchmark::State& state, bool second) {
  const int per_request = static_cast<int>(state.range(0));
  const auto requests = bodies(per_request, second, true);
  wire_test::Rig rig;
  rig.store.count_only = true;
  const std::string_view type = second ? wire_test::kV2 : wire_test::kV1;
  for (const std::string& body : requests) CHECK(rig.receiver.remote_write(type, "snappy", body).has_value());
  CHECK(rig.store.stats().series == kSeriesCount);
  std::size_t i = 0;
  for (auto _ : state) {
    const auto outcome = rig.receiver.remote_write(type, "snappy", requests[i++ % requests.size()]);
    CHECK(outcome && outcome->appended.taken == static_cast<std::uint64_t>(per_request));
  }
  CHECK(rig.store.ensure_calls == kSeriesCount);
  per_sample(state, per_request);
}

void receive_v1(benchmark::State& state) { receive(state, false); }
void receive_v2(benchmark::State& state) { receive(state, true); }

BENCHMARK(decompress)->Arg(500)->Arg(2000)->Arg(10000);
BENCHMARK(decode_v1)->Arg(500)->Arg(2000)->Arg(10000);
BENCHMARK(decode_v2)->Arg(500)->Arg(2000)->Arg(10000);
BENCHMARK(receive_v1)->Arg(500)->Arg(2000)->Arg(10000);
BENCHMARK(receive_v2)->Arg(500)->Arg(2000)->Arg(10000);

}  // namespace
}  // namespace trimtab
