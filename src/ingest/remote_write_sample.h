// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstring>
#include <string_view>

#include "ingest/proto_reader.h"
#include "ingest/sample_batch.h"

namespace trimtab {

// Sample { double value = 1; int64 timestamp = 2; }, alike in both versions of remote write. Senders
// leave out fields that are zero, so both start at zero for every sample. False when malformed.
inline bool decode_sample(std::string_view bytes, std::uint32_t series, SampleBatch& batch) {
  constexpr std::uint8_t kValueTag = 0x09;      // field 1, fixed 64
  constexpr std::uint8_t kTimestampTag = 0x10;  // field 2, varint
  double value = 0;
  std::int64_t timestamp_ms = 0;
  ProtoReader reader(bytes);
  while (!reader.at_end()) {
    if (reader.take_tag(kValueTag)) {
      value = reader.float64();
    } else if (reader.take_tag(kTimestampTag)) {
      timestamp_ms = reader.int64();
    } else if (reader.next()) {
      reader.skip_unknown(2);
    }
  }
  if (!reader.ok()) return false;
  batch.add_sample(series, timestamp_ms, value);
  return true;
}

}  // namespace trimtab
