// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "store/codec/byte_io.h"
#include "store/codec/packed_ints.h"

namespace trimtab::codec {

// How a run of whole numbers becomes small non-negative ones. All arithmetic is modulo 2^64, so every
// int64 comes back exactly, whatever the differences overflow to.
enum class IntegerModel : std::uint8_t {
  kOffset = 0,             // n[i] - base
  kDelta = 1,              // n[i] - n[i-1] - base
  kZigzagDelta = 2,        // zigzag(n[i] - n[i-1])
  kZigzagDeltaOfDelta = 3  // zigzag of the change of the difference
};
inline constexpr unsigned kIntegerModelsCount = 4;

// Picks the cheapest model (judged on four windows of the numbers), appends
//   zigzag varint  the first number (not for kOffset)
//   zigzag varint  base (kOffset, kDelta) or the first difference (kZigzagDeltaOfDelta)
//   stream         see packed_ints.h: what remains of the others
// and returns the model. 2 <= numbers.size() <= kStreamMax.
IntegerModel put_integers(std::span<const std::int64_t> numbers, std::string& out);

// The inverse. False when the bytes can not be one.
[[nodiscard]] bool get_integers(ByteReader& in, IntegerModel model, std::size_t count, std::int64_t* out);

}  // namespace trimtab::codec
