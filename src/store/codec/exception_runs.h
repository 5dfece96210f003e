// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "store/codec/byte_io.h"

namespace trimtab::codec {

// fit[i] = false for NaN, the infinities and -0.0, else true. Returns how many runs of bit-identical
// specials there are.
std::size_t mark_specials(std::span<const double> values, std::span<bool> fit);

// Appends the values with !fit as runs of bit-identical neighbours:
//   varint   number of runs, then for each run
//   varint   positions between the end of the last run and this one
//   varint   length - 1
//   byte     kind: 0 the double's 8 bytes follow, 1 stale marker, 2 NaN 0x7ff8000000000001,
//            3 NaN 0x7ff8000000000000, 4 +infinity, 5 -infinity, 6 -0.0
void put_exception_runs(std::span<const double> values, std::span<const bool> fit, std::string& out);

// Writes the runs over out[0..count). False when the bytes can not be runs of that many values.
[[nodiscard]] bool get_exception_runs(ByteReader& in, std::size_t count, double* out);

}  // namespace trimtab::codec
