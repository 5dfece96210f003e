// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "ledger/recommendation.h"

namespace trimtab::advise::postgresql {

// Where the collector keeps the statements of one database: labels of its series.
struct QuerySeries {
  std::string instance;
  std::string database;
};

enum class QueryIdsAre { kThese, kAllOthers };

// Mean execution time of the named statements over a step, in seconds, as one series:
//   sum(rate(pg_stat_statements_seconds_total{...}[{{.step}}])) /
//   sum(rate(pg_stat_statements_calls_total{...}[{{.step}}]))
// At most kQueryIdsMax ids; the caller gives the ones that matter most first.
std::string mean_time_expression(const QuerySeries& series, std::vector<std::string> ids,
                                 QueryIdsAre which = QueryIdsAre::kThese);

inline constexpr std::size_t kQueryIdsMax = 50;

}  // namespace trimtab::advise::postgresql
