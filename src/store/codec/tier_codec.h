// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/codec/downsample.h"

namespace trimtab {

// A tier block: buckets of one series in few bytes, see docs/formats/chunk.md. Same promises as a chunk:
// pure, thread-safe, bit-exact, checksummed, safe on foreign bytes.
inline constexpr std::uint8_t kTierVersion = 0x41;
inline constexpr std::size_t kTierBucketsMax = 4096;

struct TierHeader {
  std::uint8_t version = 0;
  std::size_t count = 0;  // 1 to kTierBucketsMax
  TimestampMs first_ms = 0;
  TimestampMs last_ms = 0;
};

// Appends one block. Requires (checked): 1 to kTierBucketsMax buckets, times strictly rising, counts of at
// least 1.
void encode_tier(const TierBuckets& buckets, std::string& out);

// Errors of all three: kVersion, kCorrupt. The header is read without verifying the checksum.
Result<TierHeader> decode_tier_header(std::string_view block);
// Appends to `out`, which is as before on error.
Status decode_tier(std::string_view block, TierBuckets& out);

}  // namespace trimtab
