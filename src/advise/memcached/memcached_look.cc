// SPDX-License-Identifier: Apache-2.0
#include "advise/memcached/memcached_look.h"

#include <charconv>

namespace trimtab::advise::memcached {

void read_stats(std::span<const trimtab::memcached::Stat> stats, MemcachedLook& look) {
  for (const auto& [name, value] : stats) {
    if (name == "pid") look.process = value;
    double number = 0;
    const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (problem != std::errc() || end != value.data() + value.size()) continue;
    if (name == "limit_maxbytes") look.limit_bytes = number;
    if (name == "bytes") look.bytes = number;
    if (name == "curr_items") look.items = number;
    if (name == "get_hits") look.hits = number;
    if (name == "get_misses") look.misses = number;
    if (name == "evictions") look.evicted = number;
    if (name == "store_too_large") look.too_large = number;
    if (name == "store_no_memory") look.no_memory = number;
    if (name == "curr_connections") look.connections = number;
    if (name == "rejected_connections" || name == "listen_disabled_num") look.connections_refused += number;
    if (name == "maxconns") look.connections_max = number;
    if (name == "item_size_max") look.item_size_max = number;
  }
}

bool continues(const MemcachedLook& before, const MemcachedLook& after) {
  return before.process == after.process && before.limit_bytes == after.limit_bytes &&
         before.at_ms <= after.at_ms && before.hits <= after.hits && before.misses <= after.misses &&
         before.evicted <= after.evicted && before.too_large <= after.too_large &&
         before.no_memory <= after.no_memory && before.connections_refused <= after.connections_refused;
}

}  // namespace trimtab::advise::memcached
