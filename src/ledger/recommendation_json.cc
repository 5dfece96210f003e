// SPDX-License-Identifier: Apache-2.0
// Recommendations, and the parts they share with changes, as JSON.
#include "ledger/record_fields.h"
#include "ledger/record_parts.h"

namespace trimtab {

namespace record_json {

namespace {

void write_measure(JsonWriter& json, const Measure& measure) {
  json.begin_object().field("title", measure.title).field("expression", measure.expression);
  json.field("unit", measure.unit).field("worse", to_string(measure.worse)).end_object();
}

void read_measure(Fields& fields, std::string_view key, Measure& out) {
  fields.nested(key, [&](object inner) {
    Fields measure(inner, key, fields.problem());
    measure.read("title", out.title);
    measure.read("expression", out.expression);
    measure.read("unit", out.unit);
    measure.word("worse", out.worse, parse_worse_direction);
  });
}

void read_parameters(Fields& fields, std::map<std::string, std::string>& out) {
  fields.nested("parameters", [&](object inner) {
    for (const auto field : inner) {
      std::string_view value;
      if (field.value.get(value) != simdjson::SUCCESS) return fields.wrong("parameters", "a map of texts");
      out.insert_or_assign(std::string(field.key), std::string(value));
    }
  });
}

}  // namespace

void write_action(JsonWriter& json, const Action& action) {
  json.begin_object().field("type", action.type).field("target", action.target);
  json.key("parameters").begin_object();
  for (const auto& [name, value] : action.parameters) json.field(name, value);
  json.end_object();
  json.field("apply", action.apply).field("undo", action.undo).end_object();
}

void write_expected(JsonWriter& json, const ExpectedEffect& expected) {
  json.begin_object().field("metric", expected.metric);
  json.field("low", expected.low).field("high", expected.high).end_object();
}

void write_verify_plan(JsonWriter& json, const VerifyPlan& plan) {
  json.begin_object();
  json.key("target");
  write_measure(json, plan.target);
  json.field("minimum_effect", plan.minimum_effect).field("maximum_harm", plan.maximum_harm);
  json.field("control", plan.control);
  json.key("guards").begin_array();
  for (const Guard& guard : plan.guards) {
    json.begin_object().key("measure");
    write_measure(json, guard.measure);
    json.field("harm_max", guard.harm_max).field("harm_min_absolute", guard.harm_min_absolute).end_object();
  }
  json.end_array();
  json.field("step_ms", plan.step_ms).field("before_ms", plan.before_ms);
  json.field("settle_ms", plan.settle_ms)
      .field("observe_min_ms", plan.observe_min_ms)
      .field("observe_max_ms", plan.observe_max_ms)
      .field("same_hours_ms", plan.same_hours_ms);
  json.field("alpha", plan.alpha).end_object();
}

void read_action(Fields& fields, Action& out) {
  fields.nested("action", [&](object inner) {
    Fields action(inner, "action", fields.problem());
    action.read("type", out.type);
    action.read("target", out.target);
    read_parameters(action, out.parameters);
    action.read("apply", out.apply);
    action.read("undo", out.undo);
  });
}

void read_expected(Fields& fields, ExpectedEffect& out) {
  fields.nested("expected", [&](object inner) {
    Fields expected(inner, "expected", fields.problem());
    expected.read("metric", out.metric);
    expected.read("low", out.low);
    expected.read("high", out.high);
  });
}

void read_verify_plan(Fields& fields, VerifyPlan& out) {
  fields.nested("verify", [&](object inner) {
    Fields plan(inner, "verify", fields.problem());
    read_measure(plan, "target", out.target);
    plan.read("minimum_effect", out.minimum_effect);
    plan.read("maximum_harm", out.maximum_harm);
    plan.read("control", out.control);
    plan.objects("guards", [&](Fields& guard) {
      Guard& to = out.guards.emplace_back();
      read_measure(guard, "measure", to.measure);
      guard.read("harm_max", to.harm_max);
      guard.read("harm_min_absolute", to.harm_min_absolute);
    });
    plan.read("step_ms", out.step_ms);
    plan.read("before_ms", out.before_ms);
    plan.read("settle_ms", out.settle_ms);
    plan.read("observe_min_ms", out.observe_min_ms);
    plan.read("observe_max_ms", out.observe_max_ms);
    plan.read("same_hours_ms", out.same_hours_ms);
    plan.read("alpha", out.alpha);
  });
}

}  // namespace record_json

namespace {

void read_recommendation(record_json::Fields& fields, Recommendation& out) {
  fields.read("id", out.id);
  fields.read("fingerprint", out.fingerprint);
  fields.read("advisor", out.advisor);
  fields.word("state", out.state, parse_recommendation_state);
  fields.entity("entity", out.entity);
  fields.read("owner", out.owner);
  fields.read("tier", out.tier);
  fields.read("title", out.title);
  fields.read("why", out.why);
  fields.objects("evidence", [&](record_json::Fields& fact) {
    Fact& to = out.evidence.emplace_back();
    fact.read("name", to.name);
    fact.read("value", to.value);
    fact.read("source", to.source);
  });
  fields.numbers("findings", out.findings);
  record_json::read_action(fields, out.action);
  record_json::read_expected(fields, out.expected);
  fields.read("benefit_seconds_per_day", out.benefit_seconds_per_day);
  fields.read("benefit_money_per_month", out.benefit_money_per_month);
  fields.read("cost", out.cost);
  fields.word("risk", out.risk, parse_risk);
  fields.read("risk_reason", out.risk_reason);
  record_json::read_verify_plan(fields, out.verify);
  fields.read("needs", out.needs);
  fields.texts("conflicts", out.conflicts);
  fields.texts("after", out.after);
  fields.read("created_ms", out.created_ms);
  fields.read("updated_ms", out.updated_ms);
  fields.read("expires_ms", out.expires_ms);
  fields.read("state_by", out.state_by);
  fields.read("state_reason", out.state_reason);
}

void write_texts(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
  json.key(name).begin_array();
  for (const std::string& text : texts) json.value(text);
  json.end_array();
}

}  // namespace

std::string to_json(const Recommendation& recommendation) {
  JsonWriter json;
  json.begin_object();
  json.field("id", recommendation.id).field("fingerprint", recommendation.fingerprint);
  json.field("advisor", recommendation.advisor).field("state", to_string(recommendation.state));
  json.key("entity");
  record_json::write_entity(json, recommendation.entity);
  json.field("owner", recommendation.owner).field("tier", recommendation.tier);
  json.field("title", recommendation.title).field("why", recommendation.why);
  json.key("evidence").begin_array();
  for (const Fact& fact : recommendation.evidence) {
    json.begin_object().field("name", fact.name).field("value", fact.value);
    json.field("source", fact.source).end_object();
  }
  json.end_array();
  json.key("findings").begin_array();
  for (const std::int64_t finding : recommendation.findings) json.value(finding);
  json.end_array();
  json.key("action");
  record_json::write_action(json, recommendation.action);
  json.key("expected");
  record_json::write_expected(json, recommendation.expected);
  json.field("benefit_seconds_per_day", recommendation.benefit_seconds_per_day);
  json.field("benefit_money_per_month", recommendation.benefit_money_per_month);
  json.field("cost", recommendation.cost).field("risk", to_string(recommendation.risk));
  json.field("risk_reason", recommendation.risk_reason);
  json.key("verify");
  record_json::write_verify_plan(json, recommendation.verify);
  json.field("needs", recommendation.needs);
  write_texts(json, "conflicts", recommendation.conflicts);
  write_texts(json, "after", recommendation.after);
  json.field("created_ms", recommendation.created_ms).field("updated_ms", recommendation.updated_ms);
  json.field("expires_ms", recommendation.expires_ms);
  json.field("state_by", recommendation.state_by).field("state_reason", recommendation.state_reason);
  json.end_object();
  return json.take();
}

Result<Recommendation> recommendation_from_json(std::string_view json) {
  return record_json::read_record<Recommendation>(json, "recommendation", read_recommendation);
}

}  // namespace trimtab
