// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "advise/redis/advised_server.h"
#include "advise/redis/redis_look.h"
#include "ledger/recommendation.h"

namespace trimtab::advise::redis {

// What holds the one thread of a server up, or its writes; for people, without an action. From what happened
// between two looks:
// - the newest snapshot failed and writes are refused for it (stop-writes-on-bgsave-error);
// - forks of kForkSecondsMin and more;
// - kDelayedSyncsMin writes and more of the append-only file that waited for the disk;
// - a key of kBigKeyBytesMin and kBigKeyShareMin of all, of those that were sampled. MEMORY USAGE itself
// looks
//   at five elements of a key and multiplies.
// Pure.
std::vector<Recommendation> advise_persistence(const RedisLook& from, const RedisLook& to,
                                               std::span<const SampledKey> keys, const AdvisedServer& where);

inline constexpr double kForkSecondsMin = 0.1;
inline constexpr double kDelayedSyncsMin = 10;
inline constexpr double kBigKeyBytesMin = 64.0 * (1 << 20);
inline constexpr double kBigKeyShareMin = 0.05;
inline constexpr std::size_t kKeyNameShownMax = 64;  // bytes of its name

}  // namespace trimtab::advise::redis
