// SPDX-License-Identifier: Apache-2.0
#include "advise/postgresql/query_metrics.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "advise/series.h"

namespace trimtab::advise::postgresql {

std::string mean_time_expression(const QuerySeries& series, std::vector<std::string> ids, QueryIdsAre which) {
  if (ids.size() > kQueryIdsMax) ids.resize(kQueryIdsMax);
  std::string selector =
      fmt::format("{{instance={},datname={}", promql_string(series.instance), promql_string(series.database));
  // Ids are whole numbers: nothing in them means anything to a regular expression.
  if (ids.size() == 1) {
    selector += fmt::format(",queryid{}{}", which == QueryIdsAre::kThese ? "=" : "!=", promql_string(ids[0]));
  } else if (!ids.empty()) {
    selector += fmt::format(",queryid{}{}", which == QueryIdsAre::kThese ? "=~" : "!~",
                            promql_string(fmt::format("{}", fmt::join(ids, "|"))));
  }
  selector += "}";
  return fmt::format(
      "sum(rate(pg_stat_statements_seconds_total{0}[{{{{.step}}}}])) / "
      "sum(rate(pg_stat_statements_calls_total{0}[{{{{.step}}}}]))",
      selector);
}

}  // namespace trimtab::advise::postgresql
