// SPDX-License-Identifier: Apache-2.0
#include "estate/objective_file.h"

#include <fmt/format.h>

#include <charconv>

#include "estate/yaml_text.h"
#include "query/parser.h"

namespace trimtab {
namespace {

constexpr DurationMs kAnyWindowMs = 5 * kMinuteMs;  // for parsing only

bool has_window(std::string_view query) { return with_window(query, kAnyWindowMs) != query; }

// An instant vector or a scalar that depends on the window.
Result<std::string> windowed_query(const Yaml& yaml) {
  std::string query = TRY(read_text_or_empty(yaml));
  if (query.empty()) return yaml.error("a query is missing here");
  if (!has_window(query))
    return yaml.error("the query needs {{.window}} where its window stands, as in rate(x[{{.window}}])");
  const auto expr = promql::parse(with_window(query, kAnyWindowMs));
  if (!expr) return yaml.error(expr.error().message());
  if ((*expr)->type != promql::ValueType::kVector && (*expr)->type != promql::ValueType::kScalar) {
    return yaml.error(
        fmt::format("the query gives a {}; an instant vector is needed", to_string((*expr)->type)));
  }
  return query;
}

// A counter's selector, as Pyrra and OpenSLO give it: its increase is taken here.
Result<std::string> increase_query(const Yaml& yaml) {
  std::string selector = TRY(read_text_or_empty(yaml));
  if (selector.empty()) return yaml.error("a metric is missing here");
  if (has_window(selector)) return windowed_query(yaml);
  const auto expr = promql::parse(selector);
  if (!expr) return yaml.error(expr.error().message());
  if (!std::holds_alternative<promql::VectorSelector>((*expr)->node)) {
    return yaml.error("a counter's selector is needed here, as http_requests_total{code=~\"5..\"}");
  }
  return fmt::format("sum(increase({}[{{{{.window}}}}]))", selector);
}

Status read_sli(const Yaml& sli, Objective& out) {
  TRY(sli.only_keys({"error_query", "good_query", "total_query", "error_ratio_query", "events", "raw"}));
  for (const char* group : {"events", "raw"}) {
    if (sli[group].exists()) return read_sli(sli[group], out);
  }
  const auto query = [&](const char* key, std::string& to) -> Status {
    if (sli[key].exists()) to = TRY(windowed_query(sli[key]));
    return ok();
  };
  TRY(query("error_query", out.error_query));
  TRY(query("good_query", out.good_query));
  TRY(query("total_query", out.total_query));
  TRY(query("error_ratio_query", out.error_ratio_query));
  const bool counts = out.error_query.empty() != out.good_query.empty() && !out.total_query.empty();
  const bool none = out.error_query.empty() && out.good_query.empty() && out.total_query.empty();
  if (out.error_ratio_query.empty() ? !counts : !none) {
    return sli.error("needs error_query (or good_query) and total_query, or error_ratio_query alone");
  }
  return ok();
}

// Pyrra: indicator.ratio {errors, total}, indicator.latency {success, total}; each {metric: SELECTOR}.
Status read_indicator(const Yaml& indicator, Objective& out) {
  TRY(indicator.only_keys({"ratio", "latency"}));
  if (indicator["ratio"].exists() == indicator["latency"].exists()) {
    return indicator.error("needs one of ratio and latency");
  }
  const bool ratio = indicator["ratio"].exists();
  const Yaml part = indicator[ratio ? "ratio" : "latency"];
  const char* key = ratio ? "errors" : "success";
  TRY(part.only_keys({key, "total", "grouping"}));
  if (part["grouping"].exists())
    return part["grouping"].error("one SLO for each group is not supported; write one item each");
  (ratio ? out.error_query : out.good_query) = TRY(increase_query(part[key]["metric"]));
  out.total_query = TRY(increase_query(part["total"]["metric"]));
  return ok();
}

// OpenSLO: ratioMetric {good | bad, total}, each {metricSource: {spec: {query: ...}}}.
Status read_ratio_metric(const Yaml& metric, Objective& out) {
  TRY(metric.only_keys({"counter", "good", "bad", "total"}));
  if (metric["good"].exists() == metric["bad"].exists()) return metric.error("needs one of good and bad");
  const auto query = [](const Yaml& side) { return side["metricSource"]["spec"]["query"]; };
  (metric["bad"].exists() ? out.error_query : out.good_query) =
      TRY(increase_query(query(metric[metric["bad"].exists() ? "bad" : "good"])));
  out.total_query = TRY(increase_query(query(metric["total"])));
  return ok();
}

// `objective: 99.9` and `target: "99.9"` are percent, as Sloth and Pyrra have them.
Result<double> read_target(const Yaml& item) {
  if (item["objective"].exists() == item["target"].exists())
    return item.error("needs one of objective and target, in percent");
  const double percent =
      TRY(item[item["objective"].exists() ? "objective" : "target"].number(0.001, 99.9999999));
  return percent / 100;
}

}  // namespace

std::string with_window(std::string_view query, DurationMs window_ms) {
  std::string out;
  while (true) {
    const std::size_t open = query.find("{{");
    const std::size_t close = open == query.npos ? query.npos : query.find("}}", open);
    if (close == query.npos) break;
    std::string_view inside = query.substr(open + 2, close - open - 2);
    while (inside.starts_with(' ')) inside.remove_prefix(1);
    while (inside.ends_with(' ')) inside.remove_suffix(1);
    const bool window = inside == ".window";
    out += query.substr(0, window ? open : open + 2);
    if (window) out += fmt::format("{}s", window_ms / kSecondMs);
    query.remove_prefix(window ? close + 2 : open + 2);
  }
  return out + std::string(query);
}

Result<Objective> read_objective(const Yaml& item) {
  if (!item.is_map()) return item.error("expected an objective with name, entity, objective and window");
  // labels and alerting are other tools' business; they may stay in a shared file.
  TRY(item.only_keys({"name", "entity", "service", "description", "objective", "target", "window", "sli",
                      "indicator", "ratioMetric", "labels", "alerting"}));
  Objective objective;
  objective.name = TRY(read_text(item["name"], item["name"].string()));
  if (item["entity"].exists() == item["service"].exists())
    return item.error("needs one of entity and service");
  if (item["entity"].exists()) {
    objective.entity = TRY(read_entity(item["entity"])).to_string();
  } else {
    objective.entity = "service/" + TRY(read_text(item["service"], item["service"].string()));
  }
  objective.description = TRY(read_text_or_empty(item["description"]));
  objective.target = TRY(read_target(item));
  objective.window_ms = TRY(item["window"].duration_or(30 * kDayMs, kHourMs, kYearMs));
  const int indicators = static_cast<int>(item["sli"].exists()) +
                         static_cast<int>(item["indicator"].exists()) +
                         static_cast<int>(item["ratioMetric"].exists());
  if (indicators > 1) return item.error("has more than one of sli, indicator and ratioMetric");
  if (item["sli"].exists()) TRY(read_sli(item["sli"], objective));
  if (item["indicator"].exists()) TRY(read_indicator(item["indicator"], objective));
  if (item["ratioMetric"].exists()) TRY(read_ratio_metric(item["ratioMetric"], objective));
  return objective;
}

}  // namespace trimtab
