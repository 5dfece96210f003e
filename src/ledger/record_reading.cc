// SPDX-License-Identifier: Apache-2.0
// JSON to records.
#include "ledger/record_fields.h"
#include "ledger/records.h"

namespace trimtab {

namespace {

using record_json::Fields;
using record_json::read_record;
using simdjson::dom::element;
using simdjson::dom::object;

void read_range(Fields& fields, std::string_view key, TimeRange& out) {
  fields.nested(key, [&](object inner) {
    Fields range(inner, key, fields.problem());
    range.read("from_ms", out.from);
    range.read("to_ms", out.to);
  });
}

void read_labels(Fields& fields, std::string_view key, Labels& out) {
  fields.nested(key, [&](object inner) {
    std::vector<Label> labels;
    for (const auto field : inner) {
      std::string_view value;
      if (field.value.get(value) != simdjson::SUCCESS) return fields.wrong(key, "a map of texts");
      labels.push_back({std::string(field.key), std::string(value)});
    }
    auto created = Labels::create(std::move(labels));
    if (!created) return fields.failed(key, created.error());
    out = *std::move(created);
  });
}

void read_evidence(Fields& fields, Evidence& out) {
  read_labels(fields, "series", out.series);
  fields.read("expression", out.expression);
  fields.read("domain", out.domain);
  fields.read("aspect", out.aspect);
  fields.read("unit", out.unit);
  fields.word("worse", out.worse, parse_worse_direction);
  fields.read("method", out.method);
  fields.read("statistic", out.statistic);
  read_range(fields, "window", out.window);
  read_range(fields, "compared_with", out.compared_with);
  fields.read("usual", out.usual);
  fields.read("usual_low", out.usual_low);
  fields.read("usual_high", out.usual_high);
  fields.read("now", out.now);
  fields.read("effect", out.effect);
  fields.read("score", out.score);
  fields.each("sparkline", [&](element item) {
    double point = std::numeric_limits<double>::quiet_NaN();
    if (!item.is_null() && item.get(point) != simdjson::SUCCESS)
      return fields.wrong("sparkline", "a list of numbers");
    out.sparkline.push_back(point);
  });
  read_range(fields, "sparkline_range", out.sparkline_range);
}

void read_exhaustion(Fields& fields, Exhaustion& out) {
  fields.read("limit", out.limit);
  fields.read("limit_source", out.limit_source);
  fields.read("probability", out.probability);
  fields.read("horizon_ms", out.horizon_ms);
  fields.read("expected_ms", out.expected_ms);
  fields.read("earliest_ms", out.earliest_ms);
  fields.read("latest_ms", out.latest_ms);
}

void read_finding_lists(Fields& fields, Finding& out) {
  fields.each("evidence", [&](element item) {
    object inner;
    if (item.get(inner) != simdjson::SUCCESS) return fields.wrong("evidence", "a list of objects");
    Fields evidence(inner, "evidence", fields.problem());
    read_evidence(evidence, out.evidence.emplace_back());
  });
  fields.nested("exhaustion", [&](object inner) {
    Fields exhaustion(inner, "exhaustion", fields.problem());
    read_exhaustion(exhaustion, out.exhaustion.emplace());
  });
  fields.each("related",
              [&](element item) { fields.entity_value("related", item, out.related.emplace_back()); });
  fields.each("events", [&](element item) {
    std::int64_t id = 0;
    if (item.get(id) != simdjson::SUCCESS) return fields.wrong("events", "a list of whole numbers");
    out.events.push_back(id);
  });
}

void read_finding(Fields& fields, Finding& out) {
  fields.read("id", out.id);
  fields.read("fingerprint", out.fingerprint);
  fields.word("kind", out.kind, parse_finding_kind);
  fields.word("state", out.state, parse_finding_state);
  fields.entity("entity", out.entity);
  fields.read("owner", out.owner);
  fields.read("tier", out.tier);
  fields.read("title", out.title);
  fields.read("since_ms", out.since_ms);
  fields.read("last_seen_ms", out.last_seen_ms);
  fields.read("ended_ms", out.ended_ms);
  fields.read("harm", out.harm);
  fields.read("harm_reason", out.harm_reason);
  fields.word("sure", out.sure, parse_sureness);
  read_finding_lists(fields, out);
  fields.read("state_by", out.state_by);
  fields.read("state_reason", out.state_reason);
  fields.read("state_until_ms", out.state_until_ms);
  fields.read("state_changed_ms", out.state_changed_ms);
}

// Times of an event as ms ("at_ms") or as people write them ("at").
void read_event_times(Fields& fields, Event& out) {
  fields.read("at_ms", out.at_ms);
  fields.read("until_ms", out.until_ms);
  const auto parse = [](const std::string& text) { return parse_timestamp(text); };
  fields.word("at", out.at_ms, parse);
  fields.word("until", out.until_ms, parse);
}

void read_event(Fields& fields, Event& out) {
  fields.read("id", out.id);
  read_event_times(fields, out);
  fields.read("kind", out.kind);
  fields.read("title", out.title);
  fields.read("text", out.text);
  fields.read("author", out.author);
  element entity;
  if (fields.find("entity", entity)) fields.entity_value("entity", entity, out.entity.emplace());
  read_labels(fields, "labels", out.labels);
  fields.read("key", out.key);
}

void read_coverage(Fields& fields, Coverage& out) {
  fields.read("series_known", out.series_known);
  fields.read("series_watched", out.series_watched);
  fields.read("series_constant", out.series_constant);
  fields.read("series_too_short", out.series_too_short);
  fields.read("series_stale", out.series_stale);
  fields.read("series_too_sparse", out.series_too_sparse);
  fields.read("series_without_catalogue", out.series_without_catalogue);
  fields.read("series_failed", out.series_failed);
  fields.read("findings_in_maintenance", out.findings_in_maintenance);
  fields.read("samples_read", out.samples_read);
  fields.each("examples", [&](element item) {
    object inner;
    if (item.get(inner) != simdjson::SUCCESS) return fields.wrong("examples", "a list of objects");
    Fields example(inner, "examples", fields.problem());
    Coverage::Example& to = out.examples.emplace_back();
    example.read("series", to.series);
    example.word("reason", to.reason, parse_unjudged);
    example.read("detail", to.detail);
  });
  fields.each("errors", [&](element item) {
    std::string_view text;
    if (item.get(text) != simdjson::SUCCESS) return fields.wrong("errors", "a list of texts");
    out.errors.emplace_back(text);
  });
}

void read_objective(Fields& fields, ObjectiveStatus& out) {
  fields.read("name", out.name);
  fields.entity("entity", out.entity);
  fields.read("target", out.target);
  fields.read("window_ms", out.window_ms);
  fields.word("state", out.state, parse_objective_state);
  fields.read("events", out.events);
  fields.read("bad_share", out.bad_share);
  fields.read("budget_left", out.budget_left);
  fields.read("burn", out.burn);
  fields.read("burn_over_ms", out.burn_over_ms);
  fields.read("exhausted_ms", out.exhausted_ms);
  fields.read("earliest_ms", out.earliest_ms);
  fields.read("latest_ms", out.latest_ms);
  fields.read("problem", out.problem);
}

void read_pass(Fields& fields, AnalysisPass& out) {
  fields.read("id", out.id);
  fields.read("at_ms", out.at_ms);
  fields.read("started_ms", out.started_ms);
  fields.read("took_ms", out.took_ms);
  fields.read("history_ms", out.history_ms);
  fields.nested("coverage", [&](object inner) {
    Fields coverage(inner, "coverage", fields.problem());
    read_coverage(coverage, out.coverage);
  });
  fields.each("objectives", [&](element item) {
    object inner;
    if (item.get(inner) != simdjson::SUCCESS) return fields.wrong("objectives", "a list of objects");
    Fields objective(inner, "objectives", fields.problem());
    read_objective(objective, out.objectives.emplace_back());
  });
}

}  // namespace

Result<Finding> finding_from_json(std::string_view json) {
  return read_record<Finding>(json, "finding", read_finding);
}
Result<Event> event_from_json(std::string_view json) { return read_record<Event>(json, "event", read_event); }
Result<AnalysisPass> pass_from_json(std::string_view json) {
  return read_record<AnalysisPass>(json, "pass", read_pass);
}

}  // namespace trimtab
