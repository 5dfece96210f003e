// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace trimtab::memcached {

// One line "STAT name value". Views into the answer.
struct Stat {
  std::string_view name;   // "get_hits", "items:1:number", "1:chunk_size"
  std::string_view value;  // may hold spaces or be empty
};

// Bounds of an answer. The longest in practice, `stats items` of 63 slab classes, has 1,900 lines of 40
// bytes.
inline constexpr std::size_t kStatsBytesMax = 1 << 20;
inline constexpr std::size_t kStatsLinesMax = 10'000;

// Reads the answer of a `stats` command (memcached's doc/protocol.txt, "General-purpose statistics") off the
// front of `bytes` and moves past it; empty when it is not whole yet (`bytes` stays). Errors: kDenied (the
// server wants a login), kInvalid (another error of the server, or no answer of `stats`), kLimit.
Result<std::optional<std::vector<Stat>>> decode_stats(std::string_view& bytes);

// Slab class and name of "items:12:number" or "12:chunk_size"; empty for other names.
struct SlabStat {
  std::string_view slab;  // "12": digits only
  std::string_view name;
};
std::optional<SlabStat> slab_stat(std::string_view name);

}  // namespace trimtab::memcached
