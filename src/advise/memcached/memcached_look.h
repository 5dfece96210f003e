// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "advise/look_history.h"
#include "targets/memcached/stats_text.h"

namespace trimtab::advise::memcached {

// What `stats` and `stats settings` say of one server at one moment. Counts are since its start or `stats
// reset`; 0 where an older server does not tell.
struct MemcachedLook {
  TimestampMs at_ms = 0;  // ours
  std::string process;    // its number: another one is a restart
  double limit_bytes = 0;
  double bytes = 0;
  double items = 0;
  double hits = 0;
  double misses = 0;
  double evicted = 0;
  double too_large = 0;  // items beyond item_size_max
  double no_memory = 0;  // items that nothing could be evicted for
  double connections = 0;
  double connections_max = 0;
  double connections_refused = 0;  // refused at once, or the listener was stopped
  double item_size_max = 0;

  double bytes_per_item() const { return items > 0 ? bytes / items : 0; }
};

// Puts the lines that are known into the look. Pure.
void read_stats(std::span<const trimtab::memcached::Stat> stats, MemcachedLook& look);

// Not when the server was restarted, its counts were reset, or it was given other memory.
bool continues(const MemcachedLook& before, const MemcachedLook& after);
using LookHistory = advise::LookHistory<MemcachedLook>;

}  // namespace trimtab::advise::memcached
