// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "advise/look_history.h"
#include "base/result.h"
#include "base/time.h"
#include "targets/redis/client.h"

namespace trimtab::advise::redis {

// What INFO says of one server at one moment. Counts are since its start or CONFIG RESETSTAT; 0 where an
// older server does not tell.
struct RedisLook {
  TimestampMs at_ms = 0;  // ours
  std::string run_id;
  bool is_primary = true;
  std::string policy;  // maxmemory-policy
  double max_memory = 0;
  double used_memory = 0;
  double startup_memory = 0;  // of the server itself, without any key
  double resident_memory = 0;
  double system_memory = 0;
  double keys = 0;  // of all databases
  double keys_expiring = 0;
  double hits = 0;
  double misses = 0;
  double evicted = 0;
  double out_of_memory_errors = 0;  // writes refused: errorstat_OOM, Redis 6.2 and later
  double snapshot_errors = 0;       // writes refused because a snapshot failed: errorstat_MISCONF
  double input_bytes = 0;
  bool snapshot_ok = true;
  double fork_seconds = 0;  // of the newest fork
  double forks = 0;
  bool append_only = false;
  double delayed_syncs = 0;

  // Bytes that keys take, and of one key on average; 0 without keys.
  double key_bytes() const { return used_memory > startup_memory ? used_memory - startup_memory : 0; }
  double bytes_per_key() const { return keys > 0 ? key_bytes() / keys : 0; }
};

// Reads the answer of INFO. Lines that are not known are passed over. Pure.
RedisLook read_look(std::string_view info, TimestampMs now);

// Not when the server was restarted, its counts were reset, or its memory was set anew.
bool continues(const RedisLook& before, const RedisLook& after);
using LookHistory = advise::LookHistory<RedisLook>;

// What is known of one key. -1: not known, because of the policy or of what the role may not ask.
struct SampledKey {
  std::string name;
  double idle_seconds = -1;
  double bytes = -1;
};
// OBJECT IDLETIME does not touch a key, but the server counts it as a hit.
enum class AskIdle { kNo, kYes };

// One SCAN and a question or two a key about at most kSampleKeysMax keys, from `cursor` on, which moves on.
// What the role may not ask is left empty.
Result<std::vector<SampledKey>> sample_keys(trimtab::redis::Client& client, std::string& cursor,
                                            AskIdle idle);
Result<SampledKey> sample_key(trimtab::redis::Client& client, std::string name, AskIdle idle);
inline constexpr std::size_t kSampleKeysMax = 250;

}  // namespace trimtab::advise::redis
