// SPDX-License-Identifier: Apache-2.0
// Records to JSON. Keys stand in the order of the struct's fields; absent optionals are left out.
#include "base/json.h"
#include "ledger/record_parts.h"
#include "ledger/records.h"

namespace trimtab {

namespace {

using record_json::optional_field;
using record_json::write_entity;

void write_labels(JsonWriter& json, const Labels& labels) {
  json.begin_object();
  for (const Label& label : labels.items()) json.field(label.name, label.value);
  json.end_object();
}

void write_range(JsonWriter& json, const TimeRange& range) {
  json.begin_object().field("from_ms", range.from).field("to_ms", range.to).end_object();
}

void write_evidence(JsonWriter& json, const Evidence& evidence) {
  json.begin_object();
  json.key("series");
  write_labels(json, evidence.series);
  json.field("expression", evidence.expression)
      .field("domain", evidence.domain)
      .field("aspect", evidence.aspect);
  json.field("unit", evidence.unit).field("worse", to_string(evidence.worse));
  json.field("method", evidence.method).field("statistic", evidence.statistic);
  json.key("window");
  write_range(json, evidence.window);
  json.key("compared_with");
  write_range(json, evidence.compared_with);
  json.field("usual", evidence.usual)
      .field("usual_low", evidence.usual_low)
      .field("usual_high", evidence.usual_high);
  json.field("now", evidence.now).field("effect", evidence.effect).field("score", evidence.score);
  json.key("sparkline").begin_array();
  for (const double point : evidence.sparkline) json.value(point);
  json.end_array();
  json.key("sparkline_range");
  write_range(json, evidence.sparkline_range);
  json.end_object();
}

void write_exhaustion(JsonWriter& json, const Exhaustion& exhaustion) {
  json.begin_object();
  json.field("limit", exhaustion.limit).field("limit_source", exhaustion.limit_source);
  json.field("probability", exhaustion.probability).field("horizon_ms", exhaustion.horizon_ms);
  optional_field(json, "expected_ms", exhaustion.expected_ms);
  optional_field(json, "earliest_ms", exhaustion.earliest_ms);
  optional_field(json, "latest_ms", exhaustion.latest_ms);
  json.end_object();
}

void write_coverage(JsonWriter& json, const Coverage& coverage) {
  json.begin_object();
  json.field("series_known", coverage.series_known).field("series_watched", coverage.series_watched);
  json.field("series_constant", coverage.series_constant)
      .field("series_too_short", coverage.series_too_short);
  json.field("series_stale", coverage.series_stale).field("series_too_sparse", coverage.series_too_sparse);
  json.field("series_without_catalogue", coverage.series_without_catalogue);
  json.field("series_failed", coverage.series_failed).field("samples_read", coverage.samples_read);
  json.field("findings_in_maintenance", coverage.findings_in_maintenance);
  json.key("examples").begin_array();
  for (const Coverage::Example& example : coverage.examples) {
    json.begin_object().field("series", example.series).field("reason", to_string(example.reason));
    json.field("detail", example.detail).end_object();
  }
  json.end_array();
  json.key("errors").begin_array();
  for (const std::string& error : coverage.errors) json.value(error);
  json.end_array();
  json.end_object();
}

void write_objective(JsonWriter& json, const ObjectiveStatus& objective) {
  json.begin_object().field("name", objective.name);
  json.key("entity");
  write_entity(json, objective.entity);
  json.field("target", objective.target).field("window_ms", objective.window_ms);
  json.field("state", to_string(objective.state)).field("events", objective.events);
  json.field("bad_share", objective.bad_share).field("budget_left", objective.budget_left);
  json.field("burn", objective.burn).field("burn_over_ms", objective.burn_over_ms);
  optional_field(json, "exhausted_ms", objective.exhausted_ms);
  optional_field(json, "earliest_ms", objective.earliest_ms);
  optional_field(json, "latest_ms", objective.latest_ms);
  json.field("problem", objective.problem).end_object();
}

}  // namespace

std::string to_json(const Finding& finding) {
  JsonWriter json;
  json.begin_object();
  json.field("id", finding.id).field("fingerprint", finding.fingerprint);
  json.field("kind", to_string(finding.kind)).field("state", to_string(finding.state));
  json.key("entity");
  write_entity(json, finding.entity);
  json.field("owner", finding.owner).field("tier", finding.tier).field("title", finding.title);
  json.field("since_ms", finding.since_ms).field("last_seen_ms", finding.last_seen_ms);
  optional_field(json, "ended_ms", finding.ended_ms);
  json.field("harm", finding.harm)
      .field("harm_reason", finding.harm_reason)
      .field("sure", to_string(finding.sure));
  json.key("evidence").begin_array();
  for (const Evidence& evidence : finding.evidence) write_evidence(json, evidence);
  json.end_array();
  if (finding.exhaustion) {
    json.key("exhaustion");
    write_exhaustion(json, *finding.exhaustion);
  }
  json.key("related").begin_array();
  for (const EntityRef& entity : finding.related) write_entity(json, entity);
  json.end_array();
  json.key("events").begin_array();
  for (const std::int64_t event : finding.events) json.value(event);
  json.end_array();
  json.field("state_by", finding.state_by).field("state_reason", finding.state_reason);
  optional_field(json, "state_until_ms", finding.state_until_ms);
  optional_field(json, "state_changed_ms", finding.state_changed_ms);
  json.end_object();
  return json.take();
}

std::string to_json(const Event& event) {
  JsonWriter json;
  json.begin_object();
  json.field("id", event.id).field("at_ms", event.at_ms);
  optional_field(json, "until_ms", event.until_ms);
  json.field("kind", event.kind)
      .field("title", event.title)
      .field("text", event.text)
      .field("author", event.author);
  if (event.entity) {
    json.key("entity");
    write_entity(json, *event.entity);
  }
  json.key("labels");
  write_labels(json, event.labels);
  json.field("key", event.key);
  json.end_object();
  return json.take();
}

std::string to_json(const AnalysisPass& pass) {
  JsonWriter json;
  json.begin_object();
  json.field("id", pass.id).field("at_ms", pass.at_ms).field("started_ms", pass.started_ms);
  json.field("took_ms", pass.took_ms).field("history_ms", pass.history_ms);
  json.key("coverage");
  write_coverage(json, pass.coverage);
  json.key("objectives").begin_array();
  for (const ObjectiveStatus& objective : pass.objectives) write_objective(json, objective);
  json.end_array();
  json.end_object();
  return json.take();
}

}  // namespace trimtab
