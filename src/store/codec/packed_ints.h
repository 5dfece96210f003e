// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "store/codec/byte_io.h"

namespace trimtab::codec {

// The most numbers one stream may hold, and so the size of every scratch array of the codec.
inline constexpr std::size_t kStreamMax = 4096;

// How many numbers need how many bits: counts[b] numbers n with std::bit_width(n) == b.
struct WidthHistogram {
  std::array<std::uint16_t, 65> counts{};
  std::size_t count = 0;
};

// The widths of value - base (modulo 2^64) over all values.
WidthHistogram widths_above(std::span<const std::uint64_t> values, std::uint64_t base = 0);

// One way to pack a set of numbers: `width` bits for each, and the higher bits of those that need more
// as exceptions.
struct PackPlan {
  unsigned width = 0;
  std::size_t exceptions = 0;
  std::uint64_t cost_bits = 0;  // estimated size
};

// The cheapest plan (patched frame of reference: Zukowski et al., "Super-Scalar RAM-CPU Cache
// Compression", ICDE 2006, with the exceptions' high bits kept apart as in NewPFD).
PackPlan plan_pack(const WidthHistogram& histogram);

// Appends a stream that knows its own length but not its count:
//   byte        width, 0 to 64; bit 7: there are exceptions
//   packed      count * width bits
//   exceptions  varint 2 * exception count + (1: bitmap, 0: gaps)
//               bitmap of count bits, or a varint for each: positions skipped since the last one
//               the high bits minus one, as a stream of its own (nesting ends at the third level)
void put_stream(std::span<const std::uint64_t> values, std::string& out);
void put_stream(std::span<const std::uint64_t> values, const PackPlan& plan, std::string& out);

// Reads a stream of `count` (<= kStreamMax) numbers. False when the bytes can not be one; `out` then
// holds anything.
[[nodiscard]] bool get_stream(ByteReader& in, std::size_t count, std::uint64_t* out);

}  // namespace trimtab::codec
