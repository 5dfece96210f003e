// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/time.h"
#include "store/codec/byte_io.h"

namespace trimtab::codec {

// How the times of a chunk are kept.
enum class TimeModel : std::uint8_t {
  kRegular = 0,  // first + i * step: no bytes per sample
  kDelta = 1,    // differences above the least one, packed
  kLine = 2      // distances from the line first + i * step, packed: a steady schedule with jitter
};

// Stands in front of the packed times, so that a chunk can be placed in time without decoding it.
struct TimeHeader {
  TimeModel model = TimeModel::kRegular;
  std::size_t count = 0;
  TimestampMs first_ms = 0;
  TimestampMs last_ms = 0;
  std::uint64_t step_ms = 0;
};

// Appends the section:
//   byte           model
//   zigzag varint  first time
//   varint         step: the interval (kRegular, kLine) or the least difference (kDelta)
//   varint         last - first (not for kRegular)
//   zigzag varint  least distance from the line (kLine only)
//   stream         see packed_ints.h (not for kRegular)
// Requires: 1 to kStreamMax times, strictly rising (checked).
void put_times(std::span<const TimestampMs> times, std::string& out);

// Reads the header of `count` times. False when the bytes can not be one.
[[nodiscard]] bool get_time_header(ByteReader& in, std::size_t count, TimeHeader& header);

// Reads what follows the header into `out` (header.count times). False unless the times are strictly
// rising from header.first_ms to header.last_ms.
[[nodiscard]] bool get_times(ByteReader& in, const TimeHeader& header, TimestampMs* out);

}  // namespace trimtab::codec
