// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "store/store.h"

namespace trimtab {

// A chunk is a self-contained, checksummed run of samples of one series in few bytes: see
// docs/formats/chunk.md. Every timestamp and every double comes back bit for bit. The functions are
// pure, allocate nothing but the caller's buffers, may be called from any thread, and take foreign
// bytes without harm. They need up to 300 KiB of stack.
inline constexpr std::uint8_t kChunkVersion = 1;
inline constexpr std::size_t kChunkSamplesMax = 4096;

// What a chunk says of itself in its first bytes.
struct ChunkHeader {
  std::uint8_t version = 0;
  std::size_t count = 0;  // 1 to kChunkSamplesMax
  TimestampMs first_ms = 0;
  TimestampMs last_ms = 0;
  bool overlaps(TimeRange range) const { return first_ms <= range.to && last_ms >= range.from; }
};

// Appends one chunk to `out`. Requires (checked): 1 to kChunkSamplesMax samples, arrays of one length,
// times strictly rising. Best density from about 400 samples on; 60 cost some 15 bytes more in all.
void encode_chunk(std::span<const TimestampMs> timestamps_ms, std::span<const double> values,
                  std::string& out);

// Reads the header alone: no checksum is verified, so a damaged chunk may show a wrong time.
// Errors: kVersion (written by a newer trimtab), kCorrupt.
Result<ChunkHeader> decode_chunk_header(std::string_view chunk);

// Appends all samples to `out`. `chunk` is exactly one chunk. On error `out` is as before.
// Errors: kVersion, kCorrupt (checksum or structure; the message says which).
Status decode_chunk(std::string_view chunk, SampleBuffer& out);

// Appends the samples inside `range` only; the whole chunk is decoded unless it lies outside.
Status decode_chunk(std::string_view chunk, TimeRange range, SampleBuffer& out);

// Decodes into the caller's arrays and returns the number of samples. Errors: as above, and kLimit when
// an array is shorter than the chunk; the arrays hold anything then.
Result<std::size_t> decode_chunk(std::string_view chunk, std::span<TimestampMs> timestamps_ms,
                                 std::span<double> values);

}  // namespace trimtab
