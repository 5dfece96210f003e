// SPDX-License-Identifier: Apache-2.0
// Bytes per sample and samples per second of the chunk codec, beside a Gorilla-style codec, one core.
// Every chunk is checked bit for bit before its time is taken. TRIMTAB_BENCH_SERIES names a file of
// `trimtab export` lines to measure real series too.
#include "store/codec/chunk_codec.h"

#include <benchmark/benchmark.h>
#include <simdjson.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <random>

#include "base/check.h"
#include "store/codec/chunk_data_testlib.h"
#include "store/codec/gorilla_testlib.h"

namespace trimtab {
namespace {

using testing::same_samples;

struct DataSet {
  std::string name;
  std::vector<SampleBuffer> series;
};

std::vector<SampleBuffer> real_series(const char* path) {
  std::vector<SampleBuffer> out;
  std::ifstream in(path);
  simdjson::dom::parser parser;
  for (std::string line; std::getline(in, line);) {
    simdjson::dom::element row;
    if (parser.parse(simdjson::padded_string(line)).get(row)) continue;
    SampleBuffer series;
    for (const auto time : row["timestamps"].get_array())
      series.timestamps_ms.push_back(time.get_int64().value());
    for (const auto value : row["values"].get_array()) {
      series.values.push_back(value.is_number() ? value.get_double().value() : stale_marker());
    }
    if (series.size() == series.values.size() && series.size() > 0) out.push_back(std::move(series));
  }
  return out;
}

bool is_constant(const SampleBuffer& series) {
  return std::all_of(series.values.begin(), series.values.end(),
                     [&](double v) { return v == series.values[0]; });
}

const std::vector<DataSet>& data_sets() {
  static const std::vector<DataSet> sets = [] {
    std::vector<DataSet> out;
    if (const char* path = std::getenv("TRIMTAB_BENCH_SERIES")) {
      out.push_back({"real_all", real_series(path)});
      DataSet changing{"real_changing", {}};
      for (const SampleBuffer& series : out[0].series) {
        if (!is_constant(series)) changing.series.push_back(series);
      }
      out.push_back(std::move(changing));
    }
    std::mt19937_64 random(42);
    for (const auto& kind : testing::series_kinds()) {
      DataSet set{kind.name, {}};
      for (int i = 0; i < 20; ++i) set.series.push_back(kind.make(random, 4800));
      out.push_back(std::move(set));
    }
    return out;
  }();
  return sets;
}

struct Chunks {
  std::vector<SampleBuffer> raw;
  std::vector<std::string> encoded;
  std::size_t samples = 0;
  std::size_t bytes = 0;
};

std::string encode_ours(const SampleBuffer& samples) {
  std::string out;
  encode_chunk(samples.timestamps_ms, samples.values, out);
  return out;
}

Chunks cut(const DataSet& set, std::size_t chunk, std::string (*encode)(const SampleBuffer&)) {
  Chunks out;
  for (const SampleBuffer& series : set.series) {
    for (std::size_t from = 0; from < series.size(); from += chunk) {
      const auto a = static_cast<std::ptrdiff_t>(from);
      const auto b = static_cast<std::ptrdiff_t>(std::min(series.size(), from + chunk));
      SampleBuffer part;
      part.timestamps_ms.assign(series.timestamps_ms.begin() + a, series.timestamps_ms.begin() + b);
      part.values.assign(series.values.begin() + a, series.values.begin() + b);
      out.samples += part.size();
      out.encoded.push_back(encode(part));
      out.bytes += out.encoded.back().size();
      out.raw.push_back(std::move(part));
    }
  }
  return out;
}

void report(benchmark::State& state, const Chunks& chunks) {
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(chunks.samples));
  state.counters["B/sample"] = static_cast<double>(chunks.bytes) / static_cast<double>(chunks.samples);
}

void bench_encode(benchmark::State& state, const DataSet* set, std::size_t chunk) {
  const Chunks chunks = cut(*set, chunk, encode_ours);
  std::string out;
  for (auto _ : state) {
    out.clear();
    for (const SampleBuffer& part : chunks.raw) encode_chunk(part.timestamps_ms, part.values, out);
    benchmark::DoNotOptimize(out.data());
  }
  report(state, chunks);
}

void bench_decode(benchmark::State& state, const DataSet* set, std::size_t chunk) {
  const Chunks chunks = cut(*set, chunk, encode_ours);
  SampleBuffer back;
  for (std::size_t i = 0; i < chunks.raw.size(); ++i) {
    back.clear();
    CHECK(decode_chunk(chunks.encoded[i], back) && same_samples(back, chunks.raw[i]), "{}", set->name);
  }
  std::vector<TimestampMs> times(chunk);
  std::vector<double> values(chunk);
  for (auto _ : state) {
    for (const std::string& one : chunks.encoded) CHECK(decode_chunk(one, times, values));
    benchmark::DoNotOptimize(values.data());
  }
  report(state, chunks);
}

void bench_gorilla_encode(benchmark::State& state, const DataSet* set, std::size_t chunk) {
  const Chunks chunks = cut(*set, chunk, testing::gorilla_encode);
  for (auto _ : state) {
    for (const SampleBuffer& part : chunks.raw) benchmark::DoNotOptimize(testing::gorilla_encode(part));
  }
  report(state, chunks);
}

void bench_gorilla_decode(benchmark::State& state, const DataSet* set, std::size_t chunk) {
  const Chunks chunks = cut(*set, chunk, testing::gorilla_encode);
  SampleBuffer back;
  for (std::size_t i = 0; i < chunks.raw.size(); ++i) {
    testing::gorilla_decode(chunks.encoded[i], chunks.raw[i].size(), back);
    CHECK(same_samples(back, chunks.raw[i]), "{}", set->name);
  }
  for (auto _ : state) {
    for (std::size_t i = 0; i < chunks.raw.size(); ++i) {
      testing::gorilla_decode(chunks.encoded[i], chunks.raw[i].size(), back);
    }
    benchmark::DoNotOptimize(back.values.data());
  }
  report(state, chunks);
}

using Bench = void (*)(benchmark::State&, const DataSet*, std::size_t);

[[maybe_unused]] const bool kRegistered = [] {
  const std::pair<const char*, Bench> benches[] = {{"encode", bench_encode},
                                                   {"decode", bench_decode},
                                                   {"gorilla_encode", bench_gorilla_encode},
                                                   {"gorilla_decode", bench_gorilla_decode}};
  for (const DataSet& set : data_sets()) {
    for (const std::size_t chunk : {std::size_t{480}, std::size_t{120}, std::size_t{60}}) {
      for (const auto& [name, run] : benches) {
        const std::string full = "chunk/" + std::string(name) + "/" + set.name + "/" + std::to_string(chunk);
        benchmark::RegisterBenchmark(full.c_str(), run, &set, chunk);
      }
    }
  }
  return true;
}();

}  // namespace
}  // namespace trimtab
