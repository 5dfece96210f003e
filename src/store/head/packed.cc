// SPDX-License-Identifier: Apache-2.0
#include "store/head/packed.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/check.h"
#include "store/codec/chunk_codec.h"
#include "store/engine/bytes.h"

namespace trimtab::embedded {
namespace {

constexpr std::size_t kMallocBytes = 16;

struct Block {
  std::uint16_t samples;
  TimestampMs first_ms;
  std::string_view bytes;
};

bool next_block(ByteReader& reader, Block& block) {
  if (reader.done()) return false;
  block.samples = reader.fixed<std::uint16_t>();
  const auto size = reader.fixed<std::uint16_t>();
  block.first_ms = reader.fixed<TimestampMs>();
  block.bytes = reader.take(size);
  return reader.good();
}

Head::Packed* grow(Head& head, std::size_t more, HeadMemory& memory) {
  const std::size_t before = head.packed == nullptr ? 0 : head.packed->bytes;
  auto* const packed =
      static_cast<Head::Packed*>(std::realloc(head.packed, sizeof(Head::Packed) + before + more));
  CHECK(packed != nullptr, "no memory for {} packed bytes", before + more);
  if (head.packed == nullptr) {
    packed->bytes = packed->samples = 0;
    packed->first_ms = 0;
    more += sizeof(Head::Packed) + kMallocBytes;
  }
  memory.bytes.fetch_add(more, std::memory_order_relaxed);
  head.packed = packed;
  return packed;
}

}  // namespace

void packed_add(Head& head, std::span<const TimestampMs> times, std::span<const double> values,
                HeadMemory& memory) {
  thread_local std::string scratch;
  scratch.clear();
  put_fixed(scratch, static_cast<std::uint16_t>(times.size()));
  put_fixed(scratch, std::uint16_t{0});
  put_fixed(scratch, times.front());
  constexpr std::size_t kHeaderBytes = 12;
  encode_chunk(times, values, scratch);
  CHECK(scratch.size() - kHeaderBytes <= 0xffff, "block of {} samples took {} bytes", times.size(),
        scratch.size());
  const auto size = static_cast<std::uint16_t>(scratch.size() - kHeaderBytes);
  std::memcpy(scratch.data() + 2, &size, sizeof size);

  Head::Packed* const packed = grow(head, scratch.size(), memory);
  if (packed->samples == 0) packed->first_ms = times.front();
  std::memcpy(packed->data() + packed->bytes, scratch.data(), scratch.size());
  packed->bytes += static_cast<std::uint32_t>(scratch.size());
  packed->samples += static_cast<std::uint32_t>(times.size());
}

Status packed_adopt(Head& head, std::string_view blocks, HeadMemory& memory) {
  CHECK(head.packed == nullptr);
  if (blocks.empty()) return ok();
  ByteReader reader(blocks);
  Block block{};
  std::uint32_t samples = 0;
  TimestampMs first = 0;
  while (next_block(reader, block)) {
    if (samples == 0) first = block.first_ms;
    samples += block.samples;
  }
  if (!reader.good() || samples == 0)
    return fail(ErrorCode::kCorrupt, "packed blocks of a head are cut short");
  Head::Packed* const packed = grow(head, blocks.size(), memory);
  std::memcpy(packed->data(), blocks.data(), blocks.size());
  packed->bytes = static_cast<std::uint32_t>(blocks.size());
  packed->samples = samples;
  packed->first_ms = first;
  return ok();
}

Status packed_copy(const Head::Packed& packed, SampleBuffer& out) {
  ByteReader reader(packed.view());
  Block block{};
  while (next_block(reader, block)) TRY(decode_chunk(block.bytes, out));
  return ok();
}

bool packed_find(const Head::Packed& packed, TimestampMs t, double& value) {
  ByteReader reader(packed.view());
  Block block{};
  Block last{};
  bool found = false;
  while (next_block(reader, block) && block.first_ms <= t) {  // the last block that starts at or before t
    last = block;
    found = true;
  }
  if (!found) return false;
  thread_local SampleBuffer buffer;
  buffer.clear();
  if (!decode_chunk(last.bytes, buffer)) return false;
  const auto& times = buffer.timestamps_ms;
  const auto at = std::lower_bound(times.begin(), times.end(), t);
  if (at == times.end() || *at != t) return false;
  value = buffer.values[static_cast<std::size_t>(at - times.begin())];
  return true;
}

void packed_release(Head& head, HeadMemory& memory) {
  if (head.packed == nullptr) return;
  memory.bytes.fetch_sub(sizeof(Head::Packed) + kMallocBytes + head.packed->bytes, std::memory_order_relaxed);
  std::free(head.packed);
  head.packed = nullptr;
}

}  // namespace trimtab::embedded
