// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "advise/redis/advised_server.h"
#include "advise/redis/redis_look.h"
#include "ledger/recommendation.h"

namespace trimtab::advise::redis {

// What memory a server has, what it throws away and what it refuses; each from what happened between two
// looks. docs/advice-redis.md has the reasoning.
// - maxmemory, evictions: at least kMissesMin misses, a share of kMissShareMin of all look-ups, and a tenth
// as
//   many evictions. To what would have held what was evicted in the window, at most twice what it is now, and
//   at most half of what the host does not show as used by this server. Less than a tenth of maxmemory
//   evicted is not enough data.
// - maxmemory, refused writes: kRefusedMin writes refused while nothing, or nothing more, may be evicted.
// - maxmemory-policy, refused writes under `noeviction` where nearly all keys expire anyway: volatile-lru.
// - maxmemory-policy, random eviction while `keys` show that some are asked for far more than others.
// - no maxmemory on a server that has most of the host's memory.
// Pure.
std::vector<Recommendation> advise_memory(const RedisLook& from, const RedisLook& to,
                                          std::span<const SampledKey> keys, const AdvisedServer& where);

inline constexpr double kMissesMin = 300;
inline constexpr double kMissShareMin = 0.01;
inline constexpr double kEvictionsPerMissMin = 0.1;
inline constexpr double kChurnMin = 0.1;   // of maxmemory, evicted in the window
inline constexpr double kGrowthMin = 1.1;  // of maxmemory; less is not worth a change
inline constexpr double kGrowthMax = 2;
inline constexpr double kFreeShareMax = 0.5;  // of what the host has free
inline constexpr double kRefusedMin = 10;
inline constexpr double kExpiringMin = 0.95;  // of keys, for a server to be called a cache
inline constexpr double kHostShareMax = 0.7;  // of a server without maxmemory
inline constexpr std::size_t kIdleSampleMin = 150;
// Of keys under uniform use half would have been touched within a time; at most this share was.
inline constexpr double kTouchedShareMax = 0.4;
// Of web caches: the hit ratio grows like size^(1 - a) with a from 0.64 to 0.83 (Breslau, Cao, Fan, Phillips,
// Shenker: Web Caching and Zipf-like Distributions, INFOCOM 1999).
inline constexpr double kHitGrowthLeast = 0.17;
inline constexpr double kHitGrowthMost = 0.36;

}  // namespace trimtab::advise::redis
