// SPDX-License-Identifier: Apache-2.0
// Prometheus' API of rules and alerts.
#include <algorithm>
#include <set>

#include "base/json.h"
#include "rules/go_format.h"
#include "server/api/request_reading.h"
#include "server/services.h"

namespace trimtab {
namespace {

using http::Request;
using http::Response;

constexpr TimestampMs kNever = -62135596800000;  // what Prometheus shows for "not yet": year 1

std::string time_text(TimestampMs time) { return format_timestamp(time == 0 ? kNever : time); }

void write_alert(JsonWriter& json, const Alert& alert) {
  json.begin_object().key("labels").begin_object();
  for (const Label& label : alert.labels.items()) json.field(label.name, label.value);
  json.end_object().key("annotations").begin_object();
  for (const auto& [name, text] : alert.annotations) json.field(name, text);
  json.end_object().field("state", to_string(alert.state)).field("activeAt", time_text(alert.active_at_ms));
  if (alert.keep_firing_since_ms != 0) json.field("keepFiringSince", time_text(alert.keep_firing_since_ms));
  json.field("value", go_exponent(alert.value)).end_object();
}

std::string_view health_word(RuleHealth::Word word) {
  switch (word) {
    case RuleHealth::Word::kUnknown: return "unknown";
    case RuleHealth::Word::kOk: return "ok";
    case RuleHealth::Word::kBad: return "err";
  }
  return "?";
}

void write_texts(JsonWriter& json, std::string_view name,
                 const std::vector<std::pair<std::string, Template>>& texts) {
  json.key(name).begin_object();
  for (const auto& [key, text] : texts) json.field(key, text.text());
  json.end_object();
}

void write_rule(JsonWriter& json, const RuleView& view, bool with_alerts) {
  const Rule& rule = view.rule;
  const bool alerting = rule.kind == Rule::Kind::kAlerting;
  json.begin_object();
  if (alerting) json.field("state", to_string(view.state));
  json.field("name", rule.name).field("query", rule.expression);
  if (alerting) {
    json.field("duration", static_cast<double>(rule.for_ms) / 1000);
    json.field("keepFiringFor", static_cast<double>(rule.keep_firing_for_ms) / 1000);
  }
  if (alerting || !rule.labels.empty()) write_texts(json, "labels", rule.labels);
  if (alerting) {
    write_texts(json, "annotations", rule.annotations);
    json.key("alerts").begin_array();
    for (const Alert& alert : view.alerts) {
      if (with_alerts) write_alert(json, alert);
    }
    json.end_array();
  }
  json.field("health", health_word(view.health.word));
  if (!view.health.last_error.empty()) json.field("lastError", view.health.last_error);
  json.field("evaluationTime", view.health.seconds)
      .field("lastEvaluation", time_text(view.health.last_evaluation_ms));
  json.field("type", alerting ? "alerting" : "recording").end_object();
}

// What a request wants to see of all rules.
struct Filter {
  std::string_view type;
  std::set<std::string_view> names, groups, files;
  std::vector<Matchers> selectors;
  bool alerts = true;

  static std::set<std::string_view> listed(const Request& request, std::string_view name) {
    const auto found = request.parameters_named(name);
    return {found.begin(), found.end()};
  }
  static Result<Filter> read(const Request& request) {
    Filter filter;
    filter.type = request.parameter("type");
    if (!filter.type.empty() && filter.type != "alert" && filter.type != "record")
      return invalid("invalid parameter \"type\": not supported value; alert and record are");
    filter.names = listed(request, "rule_name[]");
    filter.groups = listed(request, "rule_group[]");
    filter.files = listed(request, "file[]");
    filter.selectors = TRY(read_selectors(request, false));
    const std::string_view without = request.parameter("exclude_alerts");
    filter.alerts = without != "true" && without != "1";
    return filter;
  }
  bool shows(const RuleGroupView& group) const {
    return (groups.empty() || groups.contains(group.name)) && (files.empty() || files.contains(group.file));
  }
  bool shows(const Rule& rule) const {
    const bool alerting = rule.kind == Rule::Kind::kAlerting;
    if (!type.empty() && alerting != (type == "alert")) return false;
    if (!names.empty() && !names.contains(rule.name)) return false;
    if (selectors.empty()) return true;
    Labels labels;
    for (const auto& [name, text] : rule.labels) labels = labels.with(name, text.text());
    return std::any_of(selectors.begin(), selectors.end(),
                       [&](const Matchers& matchers) { return matches_all(matchers, labels); });
  }
};

Result<Response> rules(Services& services, const Request& request) {
  const Filter filter = TRY(Filter::read(request));
  JsonWriter json;
  json.begin_object().key("groups").begin_array();
  for (const auto& group : services.rules.view()) {
    if (!filter.shows(*group)) continue;
    const bool any = std::any_of(group->rules.begin(), group->rules.end(),
                                 [&](const RuleView& view) { return filter.shows(view.rule); });
    if (!any && !group->rules.empty()) continue;
    json.begin_object().field("name", group->name).field("file", group->file).key("rules").begin_array();
    for (const RuleView& view : group->rules) {
      if (filter.shows(view.rule)) write_rule(json, view, filter.alerts);
    }
    json.end_array().field("interval", static_cast<double>(group->interval_ms) / 1000);
    json.field("limit", group->limit).field("evaluationTime", group->seconds);
    json.field("lastEvaluation", time_text(group->last_evaluation_ms)).end_object();
  }
  json.end_array().end_object();
  return Response::json(success_json(json.take()));
}

Response alerts(Services& services) {
  JsonWriter json;
  json.begin_object().key("alerts").begin_array();
  for (const auto& group : services.rules.view()) {
    for (const RuleView& view : group->rules) {
      for (const Alert& alert : view.alerts) write_alert(json, alert);
    }
  }
  json.end_array().end_object();
  return Response::json(success_json(json.take()));
}

}  // namespace

void add_rules_routes(http::Router& router, Services& services) {
  router.add({.method = "GET",
              .pattern = "/api/v1/rules",
              .sentence = "Rule groups, how their rules fare, and active alerts.",
              .parameters = {{"type", "alert or record; default: both."},
                             {"rule_name[]", "Only rules of this name; may repeat."},
                             {"rule_group[]", "Only groups of this name; may repeat."},
                             {"file[]", "Only groups of this file; may repeat."},
                             {"match[]", "Only rules whose labels match this selector; may repeat."},
                             {"exclude_alerts", "true: without the alerts."}},
              .handle = [&services](const Request& request) {
                auto response = rules(services, request);
                return response ? std::move(*response) : Response::error(response.error());
              }});
  router.add({.method = "GET",
              .pattern = "/api/v1/alerts",
              .sentence = "Active alerts of all rules.",
              .handle = [&services](const Request&) { return alerts(services); }});
}

}  // namespace trimtab
