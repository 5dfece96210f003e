// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "ingest/collectors/collector_source.h"
#include "targets/postgresql/connection.h"

namespace trimtab {

// A PgBouncer by its console, under pgbouncer_exporter's names: SHOW STATS_TOTALS, POOLS, DATABASES and LISTS
// every round, CONFIG and VERSION with the slow ones. A user of stats_users may ask all of them.
std::unique_ptr<CollectorSource> create_pgbouncer_source(const Target& target,
                                                         const CollectorContext& context);

// Puts the answer of SHOW `what` into the sink. Columns that are not known or hold no number are left out.
void put_pgbouncer_rows(std::string_view what, const postgresql::Rows& rows, SeriesSink& sink);

inline constexpr std::size_t kPgbouncerRowsMax = 5'000;  // of an answer; more is an error

}  // namespace trimtab
