// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "store/store.h"

namespace trimtab::embedded {

// Keys of the column families; see docs/formats/store.md. All parts are big-endian so that RocksDB's
// byte order is the numeric order; times have their sign bit flipped.

using SeriesKey = std::array<char, 4>;   // series, heads
using JournalKey = std::array<char, 8>;  // journal
using ChunkKey = std::array<char, 18>;   // chunks: series, start, sequence (48 bits)
using TierKey = std::array<char, 12>;    // tier_5m, tier_1h: series, start

template <std::size_t N>
std::string_view view(const std::array<char, N>& key) {
  return {key.data(), N};
}

inline void store_be32(char* to, std::uint32_t value) {
  value = __builtin_bswap32(value);
  std::memcpy(to, &value, 4);
}
inline void store_be64(char* to, std::uint64_t value) {
  value = __builtin_bswap64(value);
  std::memcpy(to, &value, 8);
}
inline std::uint32_t load_be32(const char* from) {
  std::uint32_t value;
  std::memcpy(&value, from, 4);
  return __builtin_bswap32(value);
}
inline std::uint64_t load_be64(const char* from) {
  std::uint64_t value;
  std::memcpy(&value, from, 8);
  return __builtin_bswap64(value);
}

inline constexpr std::uint64_t kSignBit = std::uint64_t{1} << 63;
inline constexpr std::uint64_t kChunkSequenceMax = (std::uint64_t{1} << 48) - 1;

inline SeriesKey series_key(std::uint32_t series) {
  SeriesKey key;
  store_be32(key.data(), series);
  return key;
}
inline JournalKey journal_key(std::uint64_t sequence) {
  JournalKey key;
  store_be64(key.data(), sequence);
  return key;
}
inline ChunkKey chunk_key(std::uint32_t series, TimestampMs start, std::uint64_t sequence) {
  ChunkKey key;
  store_be32(key.data(), series);
  // The eight bytes of the sequence reach two bytes back, under the start that is written after it.
  store_be64(key.data() + 10, sequence);
  store_be64(key.data() + 4, static_cast<std::uint64_t>(start) ^ kSignBit);
  return key;
}
inline TierKey tier_key(std::uint32_t series, TimestampMs start) {
  TierKey key;
  store_be32(key.data(), series);
  store_be64(key.data() + 4, static_cast<std::uint64_t>(start) ^ kSignBit);
  return key;
}

struct ChunkPlace {
  std::uint32_t series = 0;
  TimestampMs start_ms = 0;
  std::uint64_t sequence = 0;
};
inline std::optional<ChunkPlace> parse_chunk_key(std::string_view key) {
  if (key.size() != sizeof(ChunkKey)) return std::nullopt;
  return ChunkPlace{load_be32(key.data()), static_cast<TimestampMs>(load_be64(key.data() + 4) ^ kSignBit),
                    load_be64(key.data() + 10) & kChunkSequenceMax};
}
inline std::optional<ChunkPlace> parse_tier_key(std::string_view key) {
  if (key.size() != sizeof(TierKey)) return std::nullopt;
  return ChunkPlace{load_be32(key.data()), static_cast<TimestampMs>(load_be64(key.data() + 4) ^ kSignBit), 0};
}

}  // namespace trimtab::embedded
