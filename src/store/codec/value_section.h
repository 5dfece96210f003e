// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "store/codec/byte_io.h"
#include "store/codec/integer_model.h"

namespace trimtab::codec {

// The first byte of a value section.
struct ValueFormat {
  IntegerModel model = IntegerModel::kOffset;  // bits 0-1
  bool constant = false;                       // bit 2: one value for all; the model is kOffset then
  bool raw_bits = false;    // bit 3: the numbers are the bits of the doubles in rising order, not decimals
  bool factored = false;    // bit 4: the numbers are factor * n + offset
  bool exceptions = false;  // bit 5: runs of values that the numbers do not give stand at the end
  bool wide = false;        // bit 6: numbers beyond 2^51 (only whole ones)
  bool corrected = false;   // bit 7: values are up to some units in the last place off number / 10^e
};

std::uint8_t to_byte(const ValueFormat& format);
ValueFormat from_byte(std::uint8_t byte);

// Appends the section; every double comes back bit for bit. 1 to kStreamMax values.
//   byte           format
//   constant, raw_bits: 8 bytes of the double; that is all
//   byte           decimal exponent e: value = number / 10^e (not with raw_bits)
//   constant:      zigzag varint of the number; that is all
//   varint, zigzag varint   factor and offset (factored)
//   integers       see integer_model.h
//   stream         of zigzag corrections in units in the last place (corrected), see packed_ints.h
//   exceptions     varint number of runs, then for each: varint positions skipped since the last run,
//                  varint length - 1, byte kind; 8 bytes of the double for kind 0
void put_values(std::span<const double> values, std::string& out);

// Reads `count` values. False when the bytes can not be a section.
[[nodiscard]] bool get_values(ByteReader& in, std::size_t count, double* out);

}  // namespace trimtab::codec
