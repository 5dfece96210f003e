// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "ingest/collectors/collector_source.h"

namespace trimtab {

// A Redis or Valkey server: INFO all, the settings that matter and the length of the slow log, under
// redis_exporter's names. Three commands a round.
std::unique_ptr<CollectorSource> create_redis_source(const Target& target, const CollectorContext& context);

// Puts the answer of INFO into the sink. Lines that are not known or hold no number are left out.
void put_redis_info(std::string_view info, SeriesSink& sink);

inline constexpr std::size_t kRedisCommandsMax = 256;  // commands with series of their own
inline constexpr std::size_t kRedisDatabasesMax = 64;

}  // namespace trimtab
