// SPDX-License-Identifier: Apache-2.0
#include "advise/postgresql/database_advisor.h"

#include <fmt/format.h>

#include "advise/postgresql/query_metrics.h"
#include "advise/recommending.h"
#include "advise/series.h"

namespace trimtab::advise::postgresql {

using trimtab::postgresql::Connection;

std::string AdvisedDatabase::labels(const std::string& more) const {
  return fmt::format("{{instance={},datname={}{}}}", promql_string(instance), promql_string(database), more);
}

Guard statements_guard(const AdvisedDatabase& where) {
  return {.measure = {.title = "mean time of the database's statements",
                      .expression = mean_time_expression({where.instance, where.database}, {}),
                      .unit = "seconds",
                      .worse = WorseDirection::kUp},
          .harm_max = 0.2,
          .harm_min_absolute = 50e-6};
}

Result<std::vector<Recommendation>> DatabaseAdvisor::advise(const Context& context) {
  const auto connection =
      TRY(Connection::open({.dsn = target_.dsn, .name = target_.name(), .read_only = true}));
  const auto rows = TRY(connection->query("SELECT current_database()"));
  const AdvisedDatabase where{target_.name(), target_.instance, rows.text(0, 0)};
  auto out = TRY(look(*connection, where, context));
  complete(out, name_, where.target, where.entity(), context);
  return out;
}

Recommendation DatabaseAdvisor::not_enough(const AdvisedDatabase& where, std::string title,
                                           std::string needs) const {
  return not_enough_data(fmt::format("{}.needs|{}|{}", name_, where.target, where.database), std::move(title),
                         std::move(needs));
}

}  // namespace trimtab::advise::postgresql
