// SPDX-License-Identifier: Apache-2.0
// Changes as JSON.
#include "ledger/change.h"
#include "ledger/record_fields.h"
#include "ledger/record_parts.h"

namespace trimtab {

namespace {

using record_json::Fields;
using record_json::optional_field;

void write_verdict(JsonWriter& json, const Verdict& verdict) {
  json.begin_object().field("decision", to_string(verdict.decision)).field("metric", verdict.metric);
  json.field("before", verdict.before).field("after", verdict.after).field("effect", verdict.effect);
  json.field("low", verdict.low).field("high", verdict.high).field("reason", verdict.reason);
  json.field("looks", verdict.looks).field("at_ms", verdict.at_ms);
  json.key("guards").begin_array();
  for (const Verdict::GuardResult& guard : verdict.guards) {
    json.begin_object().field("title", guard.title).field("effect", guard.effect);
    json.field("low", guard.low).field("high", guard.high).field("breached", guard.breached).end_object();
  }
  json.end_array().end_object();
}

void read_verdict(Fields& fields, Verdict& out) {
  fields.nested("verdict", [&](record_json::object inner) {
    Fields verdict(inner, "verdict", fields.problem());
    verdict.word("decision", out.decision, parse_decision);
    verdict.read("metric", out.metric);
    verdict.read("before", out.before);
    verdict.read("after", out.after);
    verdict.read("effect", out.effect);
    verdict.read("low", out.low);
    verdict.read("high", out.high);
    verdict.read("reason", out.reason);
    verdict.read("looks", out.looks);
    verdict.read("at_ms", out.at_ms);
    verdict.objects("guards", [&](Fields& guard) {
      Verdict::GuardResult& to = out.guards.emplace_back();
      guard.read("title", to.title);
      guard.read("effect", to.effect);
      guard.read("low", to.low);
      guard.read("high", to.high);
      guard.read("breached", to.breached);
    });
  });
}

void write_recheck(JsonWriter& json, const Recheck& recheck) {
  json.begin_object().field("due_ms", recheck.due_ms);
  optional_field(json, "at_ms", recheck.at_ms);
  json.field("effect", recheck.effect).field("low", recheck.low).field("high", recheck.high);
  json.field("gone", recheck.gone).field("reason", recheck.reason).end_object();
}

void read_recheck(Fields& fields, Recheck& out) {
  fields.read("due_ms", out.due_ms);
  fields.read("at_ms", out.at_ms);
  fields.read("effect", out.effect);
  fields.read("low", out.low);
  fields.read("high", out.high);
  fields.read("gone", out.gone);
  fields.read("reason", out.reason);
}

void write_step(JsonWriter& json, const ChangeStep& step) {
  json.begin_object().field("at_ms", step.at_ms).field("from", to_string(step.from));
  json.field("to", to_string(step.to)).field("by", step.by).field("reason", step.reason).end_object();
}

void read_step(Fields& fields, ChangeStep& out) {
  fields.read("at_ms", out.at_ms);
  fields.word("from", out.from, parse_change_state);
  fields.word("to", out.to, parse_change_state);
  fields.read("by", out.by);
  fields.read("reason", out.reason);
}

void read_change(Fields& fields, Change& out) {
  fields.read("id", out.id);
  fields.read("recommendation", out.recommendation);
  fields.entity("entity", out.entity);
  fields.read("owner", out.owner);
  fields.read("title", out.title);
  record_json::read_action(fields, out.action);
  record_json::read_expected(fields, out.expected);
  record_json::read_verify_plan(fields, out.verify);
  fields.word("risk", out.risk, parse_risk);
  fields.word("state", out.state, parse_change_state);
  fields.read("undoing", out.undoing);
  fields.read("undo_reason", out.undo_reason);
  fields.read("undo_state", out.undo_state);
  fields.read("approved_by", out.approved_by);
  fields.read("found_ms", out.found_ms);
  fields.read("created_ms", out.created_ms);
  fields.read("applied_ms", out.applied_ms);
  fields.read("ended_ms", out.ended_ms);
  fields.read("attempts", out.attempts);
  fields.read("retry_at_ms", out.retry_at_ms);
  fields.read("waits_for", out.waits_for);
  fields.read("error", out.error);
  read_verdict(fields, out.verdict);
  fields.objects("rechecks", [&](Fields& recheck) { read_recheck(recheck, out.rechecks.emplace_back()); });
  fields.objects("steps", [&](Fields& step) { read_step(step, out.steps.emplace_back()); });
}

}  // namespace

std::string to_json(const Change& change) {
  JsonWriter json;
  json.begin_object().field("id", change.id).field("recommendation", change.recommendation);
  json.key("entity");
  record_json::write_entity(json, change.entity);
  json.field("owner", change.owner).field("title", change.title);
  json.key("action");
  record_json::write_action(json, change.action);
  json.key("expected");
  record_json::write_expected(json, change.expected);
  json.key("verify");
  record_json::write_verify_plan(json, change.verify);
  json.field("risk", to_string(change.risk)).field("state", to_string(change.state));
  json.field("undoing", change.undoing).field("undo_reason", change.undo_reason);
  json.field("undo_state", change.undo_state).field("approved_by", change.approved_by);
  json.field("found_ms", change.found_ms).field("created_ms", change.created_ms);
  optional_field(json, "applied_ms", change.applied_ms);
  optional_field(json, "ended_ms", change.ended_ms);
  json.field("attempts", change.attempts).field("retry_at_ms", change.retry_at_ms);
  json.field("waits_for", change.waits_for).field("error", change.error);
  json.key("verdict");
  write_verdict(json, change.verdict);
  json.key("rechecks").begin_array();
  for (const Recheck& recheck : change.rechecks) write_recheck(json, recheck);
  json.end_array();
  json.key("steps").begin_array();
  for (const ChangeStep& step : change.steps) write_step(json, step);
  json.end_array();
  json.end_object();
  return json.take();
}

Result<Change> change_from_json(std::string_view json) {
  return record_json::read_record<Change>(json, "change", read_change);
}

}  // namespace trimtab
