// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>

#include "ingest/collectors/collector_source.h"
#include "targets/memcached/stats_text.h"

namespace trimtab {

// A memcached server under memcached_exporter's names: `stats` every round, `stats slabs`, `stats items` and
// `stats settings` with the slow ones.
std::unique_ptr<CollectorSource> create_memcached_source(const Target& target,
                                                         const CollectorContext& context);

// Each puts one answer into the sink. Lines that are not known or hold no number are left out.
void put_memcached_stats(std::span<const memcached::Stat> stats, SeriesSink& sink);
void put_memcached_slabs(std::span<const memcached::Stat> stats, SeriesSink& sink);  // of slabs and of items
void put_memcached_settings(std::span<const memcached::Stat> stats, SeriesSink& sink);

// Classes with series of their own; memcached itself has at most 63 (its MAX_NUMBER_OF_SLAB_CLASSES).
inline constexpr std::size_t kMemcachedSlabsMax = 64;

}  // namespace trimtab
