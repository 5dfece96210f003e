// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <thread>

#include "server/setting_groups.h"

namespace trimtab {
namespace {

using C = Configuration;
using V = SettingValue;
using enum SettingType;

}  // namespace

std::vector<Setting> query_settings() {
  return {
      {"query.concurrency_max",
       "Queries evaluated at once; each has a thread of its own.",
       kInteger,
       "4",
       "1",
       "1000",
       {},
       false,
       [](C& c, const V& v) { c.http.query_threads = static_cast<int>(v.integer); }},
      {"query.queue_max",
       "Queries that may wait for their turn; more are answered 503.",
       kInteger,
       "64",
       "1",
       "100000",
       {},
       false,
       [](C& c, const V& v) { c.http.query_queue_max = static_cast<std::size_t>(v.integer); }},
      {"query.threads",
       "Workers of one query; 0: one per core.",
       kInteger,
       "0",
       "0",
       "256",
       {},
       false,
       [](C& c, const V& v) {
         c.query.threads = v.integer > 0 ? static_cast<unsigned>(v.integer)
                                         : std::max(1u, std::thread::hardware_concurrency());
       }},
      {"query.timeout",
       "A query that takes longer, its waiting included, is ended with an error.",
       kDuration,
       "2m",
       "100ms",
       "1d",
       {},
       false,
       [](C& c, const V& v) { c.query.limits.timeout_ms = v.integer; }},
      {"query.lookback",
       "How old a sample may be and still be a series' value.",
       kDuration,
       "5m",
       "1s",
       "1d",
       {},
       false,
       [](C& c, const V& v) { c.query.lookback_ms = v.integer; }},
      {"query.samples_max",
       "Samples one query may decode.",
       kInteger,
       "100000000",
       "1000",
       "100000000000",
       {},
       false,
       [](C& c, const V& v) { c.query.limits.samples_max = static_cast<std::uint64_t>(v.integer); }},
      {"query.series_max",
       "Series one query may select.",
       kInteger,
       "1000000",
       "1",
       "1000000000",
       {},
       false,
       [](C& c, const V& v) { c.query.limits.series_max = static_cast<std::uint64_t>(v.integer); }},
      {"query.cells_max",
       "Values (series times steps) one stage of a query may hold at once.",
       kInteger,
       "50000000",
       "1000",
       "10000000000",
       {},
       false,
       [](C& c, const V& v) { c.query.limits.cells_max = static_cast<std::uint64_t>(v.integer); }},
      {"query.steps_max",
       "Points of one series in a range query, as in Prometheus.",
       kInteger,
       "11000",
       "10",
       "1000000",
       {},
       false,
       [](C& c, const V& v) { c.query.limits.steps_max = static_cast<std::uint64_t>(v.integer); }},
      {"query.response_bytes_max",
       "JSON of one query's answer, before compression; a larger one is refused or cut off.",
       kBytes,
       "1GiB",
       "64KiB",
       "1TiB",
       {},
       false,
       [](C& c, const V& v) { c.query.response_bytes_max = static_cast<std::uint64_t>(v.integer); }},
      {"query.answers_memory_bytes_max",
       "Memory of all answers that are being sent to slow clients together; more are answered 503.",
       kBytes,
       "2GiB",
       "1MiB",
       "1TiB",
       {},
       false,
       [](C& c, const V& v) { c.query.answers_memory_bytes_max = static_cast<std::uint64_t>(v.integer); }},
  };
}

}  // namespace trimtab
