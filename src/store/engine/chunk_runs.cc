// SPDX-License-Identifier: Apache-2.0
#include "store/engine/chunk_runs.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "store/codec/chunk_codec.h"
#include "store/engine/keys.h"
#include "store/engine/rocks_options.h"
#include "store/head/head.h"

namespace trimtab::embedded {

void merge_over(SampleBuffer& under, const SampleBuffer& over) {
  SampleBuffer out;
  out.timestamps_ms.reserve(under.size() + over.size());
  out.values.reserve(under.size() + over.size());
  std::size_t a = 0;
  std::size_t b = 0;
  while (a < under.size() || b < over.size()) {
    const bool take_over =
        a == under.size() || (b < over.size() && over.timestamps_ms[b] <= under.timestamps_ms[a]);
    if (take_over) {
      if (a < under.size() && under.timestamps_ms[a] == over.timestamps_ms[b]) ++a;
      out.timestamps_ms.push_back(over.timestamps_ms[b]);
      out.values.push_back(over.values[b++]);
    } else {
      out.timestamps_ms.push_back(under.timestamps_ms[a]);
      out.values.push_back(under.values[a++]);
    }
  }
  under = std::move(out);
}

void merge_runs(SampleBuffer& samples, const std::vector<std::size_t>& starts) {
  const auto& times = samples.timestamps_ms;
  const bool in_order = std::all_of(starts.begin(), starts.end(), [&](std::size_t start) {
    return start == 0 || start == samples.size() || times[start - 1] < times[start];
  });
  if (in_order) return;
  std::vector<std::uint32_t> order(samples.size());
  std::iota(order.begin(), order.end(), 0U);
  // Position decides between equal times, so the last of equals is of the latest run.
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return times[a] != times[b] ? times[a] < times[b] : a < b;
  });
  SampleBuffer out;
  out.timestamps_ms.reserve(samples.size());
  out.values.reserve(samples.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i + 1 < order.size() && times[order[i + 1]] == times[order[i]]) continue;
    out.timestamps_ms.push_back(times[order[i]]);
    out.values.push_back(samples.values[order[i]]);
  }
  samples = std::move(out);
}

std::uint32_t span_seconds(TimestampMs from, TimestampMs to) {
  const std::int64_t seconds = (to - from + kSecondMs - 1) / kSecondMs;
  return static_cast<std::uint32_t>(
      std::min<std::int64_t>(seconds, std::numeric_limits<std::uint32_t>::max()));
}

std::uint32_t put_chunks(Database& database, rocksdb::WriteBatch& batch, std::uint32_t series,
                         const SampleBuffer& samples, Totals& totals, std::uint64_t sequence) {
  static_assert(kSealSamplesMax <= kChunkSamplesMax);
  const std::size_t parts = (samples.size() + kSealSamplesMax - 1) / kSealSamplesMax;
  std::uint32_t span_s = 0;
  std::string value;
  for (std::size_t part = 0; part < parts; ++part) {
    const std::size_t from = samples.size() * part / parts;
    const std::size_t to = samples.size() * (part + 1) / parts;
    const std::span<const TimestampMs> times(samples.timestamps_ms.data() + from, to - from);
    value.clear();
    encode_chunk(times, {samples.values.data() + from, to - from}, value);
    const ChunkKey key = chunk_key(series, times.front(), sequence != 0 ? sequence : totals.chunk_next++);
    batch.Put(database.family(Family::kChunks), slice(view(key)), value);
    ++totals.chunks;
    totals.samples += times.size();
    totals.bytes += value.size();
    span_s = std::max(span_s, span_seconds(times.front(), times.back()));
  }
  return span_s;
}

}  // namespace trimtab::embedded
