// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "advise/memcached/memcached_look.h"
#include "ledger/recommendation.h"

namespace trimtab::advise::memcached {

// What a server throws away and what it refuses; each from what happened between two looks. All of it is for
// people: how memcached is started is not Trimtab's to change. docs/advice-memcached.md has the reasoning.
// - memory: at least kMissesMin misses, a share of kMissShareMin of all reads, and kEvictionsPerMissMin times
// as many
//   evictions. Until kChurnMin of the memory was evicted it is not enough data.
// - items too large, items without memory, connections refused: kRefusedMin of them.
// Pure. `target`: "memcached/main".
std::vector<Recommendation> advise_cache(const MemcachedLook& from, const MemcachedLook& to,
                                         const std::string& target);

inline constexpr double kMissesMin = 300;
inline constexpr double kMissShareMin = 0.01;
inline constexpr double kEvictionsPerMissMin = 0.1;
inline constexpr double kChurnMin = 0.1;
inline constexpr double kGrowthMax = 2;
inline constexpr double kRefusedMin = 10;

}  // namespace trimtab::advise::memcached
