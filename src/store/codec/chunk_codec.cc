// SPDX-License-Identifier: Apache-2.0
#include "store/codec/chunk_codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "store/codec/byte_io.h"
#include "store/codec/packed_ints.h"
#include "store/codec/seal.h"
#include "store/codec/time_section.h"
#include "store/codec/value_section.h"

namespace trimtab {
namespace {

static_assert(kChunkSamplesMax <= codec::kStreamMax);

struct Opened {
  codec::TimeHeader times;
  codec::ByteReader rest;  // behind the time header, in front of the checksum
};

std::unexpected<Error> malformed(std::string_view chunk, std::string_view part) {
  return fail(ErrorCode::kCorrupt,
              fmt::format("chunk of {} bytes: its {} can not be read", chunk.size(), part));
}

Result<Opened> open(std::string_view chunk, std::string_view body) {
  codec::ByteReader in(body);
  const std::uint8_t version = in.byte();
  if (in.ok() && version != kChunkVersion) {
    return fail(ErrorCode::kVersion, fmt::format("chunk has format version {}, this build reads version {}",
                                                 version, kChunkVersion));
  }
  const std::uint64_t count = in.varint();
  if (!in.ok() || count == 0 || count > kChunkSamplesMax) return malformed(chunk, "sample count");
  codec::TimeHeader times;
  if (!codec::get_time_header(in, count, times)) return malformed(chunk, "header");
  return Opened{times, in};
}

Result<Opened> open_verified(std::string_view chunk) {
  // The version first: another version may keep its checksum elsewhere.
  if (!chunk.empty() && static_cast<std::uint8_t>(chunk[0]) != kChunkVersion) return open(chunk, chunk);
  const std::string_view body = TRY(codec::check_seal(chunk, "chunk"));
  return open(chunk, body);
}

Status decode_body(std::string_view chunk, Opened& opened, TimestampMs* timestamps_ms, double* values) {
  if (!codec::get_times(opened.rest, opened.times, timestamps_ms)) return malformed(chunk, "times");
  if (!codec::get_values(opened.rest, opened.times.count, values)) return malformed(chunk, "values");
  if (opened.rest.left() != 0) return malformed(chunk, "end");
  return ok();
}

}  // namespace

void encode_chunk(std::span<const TimestampMs> timestamps_ms, std::span<const double> values,
                  std::string& out) {
  CHECK(timestamps_ms.size() == values.size(), "{} times, {} values", timestamps_ms.size(), values.size());
  CHECK(!values.empty() && values.size() <= kChunkSamplesMax, "{} samples", values.size());
  const std::size_t start = out.size();
  out.push_back(static_cast<char>(kChunkVersion));
  codec::put_varint(out, values.size());
  codec::put_times(timestamps_ms, out);
  codec::put_values(values, out);
  codec::put_seal(out, start);
}

Result<ChunkHeader> decode_chunk_header(std::string_view chunk) {
  const Opened opened = TRY(open(chunk, chunk));
  return ChunkHeader{kChunkVersion, opened.times.count, opened.times.first_ms, opened.times.last_ms};
}

Status decode_chunk(std::string_view chunk, SampleBuffer& out) {
  Opened opened = TRY(open_verified(chunk));
  const std::size_t before = out.size();
  out.timestamps_ms.resize(before + opened.times.count);
  out.values.resize(before + opened.times.count);
  Status status = decode_body(chunk, opened, out.timestamps_ms.data() + before, out.values.data() + before);
  if (!status) {
    out.timestamps_ms.resize(before);
    out.values.resize(before);
  }
  return status;
}

Status decode_chunk(std::string_view chunk, TimeRange range, SampleBuffer& out) {
  Opened opened = TRY(open_verified(chunk));
  const codec::TimeHeader& times = opened.times;
  if (range.empty() || times.first_ms > range.to || times.last_ms < range.from) return ok();
  if (times.first_ms >= range.from && times.last_ms <= range.to) return decode_chunk(chunk, out);
  std::array<TimestampMs, kChunkSamplesMax> timestamps_ms;
  std::array<double, kChunkSamplesMax> values;
  TRY(decode_body(chunk, opened, timestamps_ms.data(), values.data()));
  const auto* const begin = timestamps_ms.data();
  const auto* const end = begin + times.count;
  const auto from = std::lower_bound(begin, end, range.from) - begin;
  const auto to = std::upper_bound(begin, end, range.to) - begin;
  out.timestamps_ms.insert(out.timestamps_ms.end(), begin + from, begin + to);
  out.values.insert(out.values.end(), values.data() + from, values.data() + to);
  return ok();
}

Result<std::size_t> decode_chunk(std::string_view chunk, std::span<TimestampMs> timestamps_ms,
                                 std::span<double> values) {
  Opened opened = TRY(open_verified(chunk));
  const std::size_t count = opened.times.count;
  if (timestamps_ms.size() < count || values.size() < count) {
    return fail(ErrorCode::kLimit, fmt::format("chunk holds {} samples, there is room for {}", count,
                                               std::min(timestamps_ms.size(), values.size())));
  }
  TRY(decode_body(chunk, opened, timestamps_ms.data(), values.data()));
  return count;
}

}  // namespace trimtab
