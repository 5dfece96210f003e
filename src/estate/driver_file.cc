// SPDX-License-Identifier: Apache-2.0
#include "estate/driver_file.h"

#include <fmt/format.h>

#include "estate/yaml_text.h"
#include "query/parser.h"

namespace trimtab {
namespace {

constexpr double kPlannedValueMax = 1e18;
constexpr double kGrowthMin = -99;  // percent a month
constexpr double kGrowthMax = 1000;

Result<std::string> read_query(const Yaml& yaml) {
  std::string query = TRY(read_text_or_empty(yaml));
  if (query.empty()) return yaml.error("a query is missing here");
  const auto expr = promql::parse(query);
  if (!expr) return yaml.error(expr.error().message());
  if ((*expr)->type != promql::ValueType::kVector) {
    return yaml.error(
        fmt::format("the query gives a {}; an instant vector is needed", to_string((*expr)->type)));
  }
  return query;
}

Status read_planned(const Yaml& list, GrowthDriver& driver) {
  const auto items = list.list();
  if (items.empty() || items.size() > kPlannedMax)
    return list.error(fmt::format("{} values; 1 to {} are allowed", items.size(), kPlannedMax));
  for (const Yaml& item : items) {
    if (!item.is_map()) return item.error("expected {at: TIME, value: NUMBER}");
    TRY(item.only_keys({"at", "value"}));
    const TimestampMs at_ms = TRY(read_time(item["at"]));
    const double value = TRY(item["value"].number(-kPlannedValueMax, kPlannedValueMax));
    if (!driver.planned.empty() && at_ms <= driver.planned.back().first)
      return item["at"].error("not after the one before");
    driver.planned.emplace_back(at_ms, value);
  }
  return ok();
}

}  // namespace

Result<std::vector<GrowthDriver>> read_drivers(const Yaml& list) {
  std::vector<GrowthDriver> drivers;
  const auto items = list.list();
  if (items.size() > kDriversMax)
    return list.error(fmt::format("{} drivers; at most {} are allowed", items.size(), kDriversMax));
  for (const Yaml& item : items) {
    if (!item.is_map()) return item.error("expected a driver with name, query and planned or monthly_growth");
    TRY(item.only_keys({"name", "query", "entities", "metrics", "planned", "monthly_growth"}));
    GrowthDriver driver;
    driver.name = TRY(read_text(item["name"], item["name"].string()));
    driver.query = TRY(read_query(item["query"]));
    driver.entities = TRY(read_patterns(item["entities"]));
    for (const Yaml& metric : item["metrics"].list())
      driver.metrics.push_back(TRY(read_text(metric, metric.string())));
    if (item["planned"].exists() == item["monthly_growth"].exists())
      return item.error("needs one of planned and monthly_growth");
    if (item["planned"].exists()) {
      TRY(read_planned(item["planned"], driver));
    } else {
      driver.monthly_growth = TRY(item["monthly_growth"].number(kGrowthMin, kGrowthMax)) / 100;
    }
    drivers.push_back(std::move(driver));
  }
  return drivers;
}

}  // namespace trimtab
