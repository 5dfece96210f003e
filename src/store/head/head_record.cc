// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "store/codec/chunk_codec.h"
#include "store/engine/bytes.h"
#include "store/head/head.h"
#include "store/head/packed.h"

namespace trimtab::embedded {
namespace {

constexpr std::uint64_t kRecordVersion = 1;

// Count of chunks, then each with its length.
void put_samples(const SampleBuffer& samples, std::string& out) {
  put_varint(out, (samples.size() + kChunkSamplesMax - 1) / kChunkSamplesMax);
  const std::span<const TimestampMs> times(samples.timestamps_ms);
  const std::span<const double> values(samples.values);
  for (std::size_t from = 0; from < samples.size(); from += kChunkSamplesMax) {
    const std::size_t count = std::min(kChunkSamplesMax, samples.size() - from);
    std::string bytes;
    encode_chunk(times.subspan(from, count), values.subspan(from, count), bytes);
    put_bytes(out, bytes);
  }
}

Status get_samples(ByteReader& reader, SampleBuffer& samples) {
  for (std::uint64_t count = reader.varint(); count > 0; --count) {
    const std::string_view bytes = reader.bytes();
    if (!reader.good()) return fail(ErrorCode::kCorrupt, "head record is cut short");
    TRY(decode_chunk(bytes, samples));
  }
  return ok();
}

}  // namespace

void head_save(const Head& head, std::string& out) {
  put_varint(out, kRecordVersion);
  put_signed(out, head.newest_ms);
  put_fixed(out, head.newest_value);
  put_signed(out, head.oldest_ms);
  put_varint(out, head.chunk_span_s);
  put_varint(out, head.flags & Head::kKeptFlags);
  put_bytes(out, head.packed != nullptr ? head.packed->view() : std::string_view{});
  SampleBuffer samples;
  Head raw_only;  // the raw part alone, as head_copy reads it
  raw_only.raw = head.raw;
  raw_only.raw_count = head.raw_count;
  raw_only.base_ms = head.base_ms;
  (void)head_copy(raw_only, samples);
  put_samples(samples, out);
  samples.clear();
  if (head.late != nullptr) {
    for (const LateSample& late : *head.late) {
      samples.timestamps_ms.push_back(late.timestamp_ms);
      samples.values.push_back(late.value);
    }
  }
  put_samples(samples, out);
}

Status head_load(Head& head, std::string_view bytes, HeadMemory& memory) {
  ByteReader reader(bytes);
  if (const std::uint64_t version = reader.varint(); version != kRecordVersion) {
    return fail(ErrorCode::kCorrupt, fmt::format("head record of unknown version {}", version));
  }
  const auto newest = reader.signed_varint();
  const auto newest_value = reader.fixed<double>();
  const auto oldest = reader.signed_varint();
  const auto span_s = static_cast<std::uint32_t>(reader.varint());
  const auto flags = static_cast<std::uint8_t>(reader.varint());
  const std::string_view packed = reader.bytes();
  SampleBuffer raw;
  SampleBuffer late;
  TRY(get_samples(reader, raw));
  TRY(get_samples(reader, late));
  if (!reader.good() || !reader.done())
    return fail(ErrorCode::kCorrupt, "head record is cut short or too long");

  TRY(packed_adopt(head, packed, memory));
  for (std::size_t i = 0; i < raw.size(); ++i)
    head_append(head, 0, raw.timestamps_ms[i], raw.values[i], memory);
  head.newest_ms = newest;
  head.newest_value = newest_value;
  head.oldest_ms = oldest;
  head.chunk_span_s = span_s;
  head.flags = static_cast<std::uint8_t>(head.flags | (flags & Head::kKeptFlags));
  if (late.size() != 0) {
    head.late = new std::vector<LateSample>();
    for (std::size_t i = 0; i < late.size(); ++i)
      head.late->push_back({late.timestamps_ms[i], late.values[i]});
    memory.bytes.fetch_add(sizeof *head.late + head.late->capacity() * sizeof(LateSample) + 16,
                           std::memory_order_relaxed);
    memory.late_samples.fetch_add(late.size(), std::memory_order_relaxed);
  }
  head.flags = static_cast<std::uint8_t>(head.flags & ~(Head::kDirty | Head::kTouched));
  return ok();
}

}  // namespace trimtab::embedded
