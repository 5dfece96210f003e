// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string_view>

#include "base/json.h"
#include "report/view.h"
#include "report/words.h"

namespace trimtab::report {
namespace {

constexpr int kSchemaVersion = 1;

std::string_view word(Mood mood) {
  switch (mood) {
    case Mood::kUnknown: return "unknown";
    case Mood::kCalm: return "calm";
    case Mood::kNotice: return "notice";
    case Mood::kHarm: return "harm";
  }
  return "";
}

std::string_view word(Audience audience) {
  switch (audience) {
    case Audience::kDeveloper: return "developer";
    case Audience::kLead: return "lead";
    case Audience::kHead: return "head";
  }
  return "";
}

void time_field(JsonWriter& json, std::string_view name, std::optional<TimestampMs> t) {
  json.key(name);
  if (t) {
    json.value(format_timestamp(*t));
  } else {
    json.null();
  }
}

void range_field(JsonWriter& json, std::string_view name, const TimeRange& range) {
  json.key(name);
  if (!is_known(range)) {
    json.null();
    return;
  }
  json.begin_object();
  time_field(json, "from", range.from);
  time_field(json, "to", range.to);
  json.end_object();
}

void labels_field(JsonWriter& json, std::string_view name, const Labels& labels) {
  json.key(name).begin_object();
  for (const Label& label : labels.items()) json.field(label.name, label.value);
  json.end_object();
}

void write_entity(JsonWriter& json, const EntityRef& entity) {
  json.begin_object().field("kind", entity.kind).field("name", entity.name).end_object();
}

void write_evidence(JsonWriter& json, const EvidenceView& view) {
  const Evidence& e = *view.evidence;
  json.begin_object();
  labels_field(json, "series", e.series);
  json.field("selector", e.series.to_string());
  json.field("expression", e.expression);
  json.field("promql", view.promql);
  json.field("domain", e.domain);
  json.field("aspect", e.aspect);
  json.field("unit", e.unit);
  json.field("worse", to_string(e.worse));
  json.field("method", e.method);
  json.field("statistic", e.statistic);
  range_field(json, "window", e.window);
  range_field(json, "compared_with", e.compared_with);
  json.field("usual", e.usual);
  json.field("usual_low", e.usual_low);
  json.field("usual_high", e.usual_high);
  json.field("now", e.now);
  json.field("effect", e.effect);
  json.field("effect_words", view.effect);
  json.field("score", e.score);
  json.key("sparkline").begin_object();
  json.key("range");
  json.begin_object();
  time_field(json, "from", e.sparkline_range.from);
  time_field(json, "to", e.sparkline_range.to);
  json.end_object();
  json.key("values").begin_array();
  for (const double value : e.sparkline) json.value(value);
  json.end_array().end_object();
  json.end_object();
}

void write_exhaustion(JsonWriter& json, const std::optional<Exhaustion>& x) {
  if (!x) {
    json.null();
    return;
  }
  json.begin_object();
  json.field("limit", x->limit);
  json.field("limit_source", x->limit_source);
  json.field("probability", x->probability);
  json.field("horizon_seconds", static_cast<double>(x->horizon_ms) / 1000);
  time_field(json, "expected", x->expected_ms);
  time_field(json, "earliest", x->earliest_ms);
  time_field(json, "latest", x->latest_ms);
  json.end_object();
}

void write_finding(JsonWriter& json, const FindingView& view) {
  const Finding& f = *view.finding;
  json.begin_object();
  json.field("id", f.id);
  json.field("fingerprint", f.fingerprint);
  json.field("kind", to_string(f.kind));
  json.field("state", to_string(f.state));
  json.key("entity");
  write_entity(json, f.entity);
  json.field("owner", view.owned ? std::string_view(view.owner) : std::string_view());
  json.field("tier", f.tier);
  json.field("title", f.title);
  json.field("sentence", view.sentence);
  json.field("next_step", view.next);
  time_field(json, "since", f.since_ms);
  time_field(json, "last_seen", f.last_seen_ms);
  time_field(json, "ended", f.ended_ms);
  json.field("harm", f.harm);
  json.field("harm_words", harm_words(harm_level(f)));
  json.field("harm_reason", f.harm_reason);
  json.field("sure", to_string(f.sure));
  json.field("trend", view.trend);
  json.key("evidence").begin_array();
  for (const EvidenceView& e : view.evidence) write_evidence(json, e);
  json.end_array();
  json.key("exhaustion");
  write_exhaustion(json, f.exhaustion);
  json.key("related").begin_array();
  for (const EntityRef& other : f.related) write_entity(json, other);
  json.end_array();
  json.field("likely_origin", view.origin);
  json.key("events").begin_array();
  for (const std::int64_t id : f.events) json.value(id);
  json.end_array();
  json.field("state_by", f.state_by);
  json.field("state_reason", f.state_reason);
  time_field(json, "state_until", f.state_until_ms);
  time_field(json, "state_changed", f.state_changed_ms);
  json.end_object();
}

void write_findings(JsonWriter& json, std::string_view name, const std::vector<FindingView>& findings) {
  json.key(name).begin_array();
  for (const FindingView& f : findings) write_finding(json, f);
  json.end_array();
}

void write_coverage(JsonWriter& json, const CoverageView& view, const Coverage& c) {
  json.key("coverage").begin_object();
  json.field("series_known", c.series_known);
  json.field("series_watched", c.series_watched);
  json.field("series_not_judged", view.unjudged);
  json.field("series_constant", c.series_constant);
  json.field("series_too_short", c.series_too_short);
  json.field("series_stale", c.series_stale);
  json.field("series_too_sparse", c.series_too_sparse);
  json.field("series_failed", c.series_failed);
  json.field("series_without_catalogue", c.series_without_catalogue);
  json.field("samples_read", c.samples_read);
  json.key("examples").begin_array();
  for (const Coverage::Example& e : c.examples) {
    json.begin_object()
        .field("series", e.series)
        .field("reason", unjudged_key(e.reason))
        .field("detail", e.detail)
        .end_object();
  }
  json.end_array();
  json.key("errors").begin_array();
  for (const std::string& error : c.errors) json.value(error);
  json.end_array().end_object();
}

void write_events(JsonWriter& json, const std::vector<Event>& events) {
  json.key("events").begin_array();
  for (const Event& e : events) {
    json.begin_object();
    json.field("id", e.id);
    time_field(json, "at", e.at_ms);
    time_field(json, "until", e.until_ms);
    json.field("kind", e.kind).field("title", e.title).field("text", e.text).field("author", e.author);
    json.key("entity");
    if (e.entity) {
      write_entity(json, *e.entity);
    } else {
      json.null();
    }
    labels_field(json, "labels", e.labels);
    json.field("key", e.key);
    json.end_object();
  }
  json.end_array();
}

void write_objectives(JsonWriter& json, const std::vector<ObjectiveView>& objectives) {
  json.key("objectives").begin_array();
  for (const ObjectiveView& view : objectives) {
    const ObjectiveStatus& o = *view.status;
    json.begin_object().field("name", o.name);
    json.key("entity");
    write_entity(json, o.entity);
    json.field("target", o.target).field("window_seconds", static_cast<double>(o.window_ms) / 1000);
    json.field("state", to_string(o.state)).field("events", o.events).field("bad_share", o.bad_share);
    json.field("budget_left", o.budget_left).field("burn", o.burn);
    json.field("burn_over_seconds", static_cast<double>(o.burn_over_ms) / 1000);
    time_field(json, "exhausted", o.exhausted_ms);
    time_field(json, "earliest", o.earliest_ms);
    time_field(json, "latest", o.latest_ms);
    json.field("problem", o.problem).end_object();
  }
  json.end_array();
}

}  // namespace

std::string json_brief(const BriefView& view, const BriefInput& input) {
  JsonWriter json;
  json.begin_object();
  json.field("schema_version", kSchemaVersion);
  time_field(json, "at", input.at_ms);
  time_field(json, "since", input.since_ms);
  json.field("audience", word(view.audience));
  json.field("mood", word(view.mood));
  json.field("verdict", view.verdict);
  json.field("movement", view.movement);
  json.key("notices").begin_array();
  for (const std::string& notice : view.notices) json.value(notice);
  json.end_array();
  write_findings(json, "findings", view.unusual);
  json.field("findings_left_out", view.unusual_hidden);
  write_findings(json, "runs_out", view.runs_out);
  json.field("runs_out_left_out", view.runs_out_hidden);
  write_findings(json, "ended", view.ended);
  json.field("ended_left_out", view.ended_hidden);
  json.field("dismissed_left_out", view.dismissed);
  write_objectives(json, view.objectives);
  json.field("objectives_left_out", view.objectives_hidden);
  write_events(json, input.events);
  write_coverage(json, view.coverage, input.pass.coverage);
  json.key("pass").begin_object();
  json.field("id", input.pass.id);
  json.key("at");
  if (input.pass.at_ms == 0) {
    json.null();
  } else {
    json.value(format_timestamp(input.pass.at_ms));
  }
  json.field("took_seconds", static_cast<double>(input.pass.took_ms) / 1000);
  json.field("history_seconds", static_cast<double>(input.pass.history_ms) / 1000);
  json.end_object();
  json.end_object();
  return json.take() + "\n";
}

}  // namespace trimtab::report
