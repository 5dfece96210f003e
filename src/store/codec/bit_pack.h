// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace trimtab::codec {

// Bytes of `count` numbers of `width` bits (0 to 64) laid end to end, lowest bit first.
inline std::size_t packed_bytes(std::size_t count, unsigned width) { return (count * width + 7) / 8; }

// Appends the low `width` bits of every value; higher bits are cut off.
void pack_bits(std::span<const std::uint64_t> values, unsigned width, std::string& out);

// Reads `count` numbers of `width` bits from `in` to `out`. `readable` is how many bytes may be
// touched from `in` on: at least packed_bytes(count, width); 16 more let the last group be read in
// place instead of from a copy. About one cycle a value: eight values at a time by a kernel made for
// each width.
void unpack_bits(const std::uint8_t* in, std::size_t readable, std::size_t count, unsigned width,
                 std::uint64_t* out);

}  // namespace trimtab::codec
