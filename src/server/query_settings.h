// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/time.h"
#include "query/engine.h"

namespace trimtab {

// Bounds of queries over HTTP and of rules; at each the query is refused with the bound's name and counted by
// trimtab_queries_total{outcome}. How many run and wait at once is HttpServerOptions' query_threads and
// query_queue_max.
struct QuerySettings {
  promql::QueryLimits limits;
  DurationMs lookback_ms = 5 * kMinuteMs;
  unsigned threads = 1;                                 // workers of one query
  std::uint64_t response_bytes_max = 1ULL << 30;        // of one answer as JSON, before gzip
  std::uint64_t answers_memory_bytes_max = 2ULL << 30;  // all answers that are being sent, together
};

}  // namespace trimtab
