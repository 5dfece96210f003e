// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "store/head/head.h"

namespace trimtab::embedded {

// The packed part of a head: one heap allocation that holds encoded blocks one after another, each
//   u16 samples, u16 bytes, i64 first time, codec bytes
// Grown to the byte, so that a million of them waste nothing.
struct Head::Packed {
  std::uint32_t bytes;  // used behind this struct
  std::uint32_t samples;
  TimestampMs first_ms;
  char* data() { return reinterpret_cast<char*>(this + 1); }
  const char* data() const { return reinterpret_cast<const char*>(this + 1); }
  std::string_view view() const { return {data(), bytes}; }
};

// Requires: times rise, are newer than those packed before, at most 65535 of them.
void packed_add(Head& head, std::span<const TimestampMs> times, std::span<const double> values,
                HeadMemory& memory);
// Takes over bytes that packed_add once made; checked block by block. Errors: kCorrupt.
Status packed_adopt(Head& head, std::string_view blocks, HeadMemory& memory);
Status packed_copy(const Head::Packed& packed, SampleBuffer& out);
bool packed_find(const Head::Packed& packed, TimestampMs t, double& value);
void packed_release(Head& head, HeadMemory& memory);

}  // namespace trimtab::embedded
