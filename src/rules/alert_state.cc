// SPDX-License-Identifier: Apache-2.0
#include "rules/alert_state.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "base/json.h"

namespace trimtab {
namespace {

namespace dom = simdjson::dom;

constexpr std::int64_t kVersion = 1;

void write_alert(JsonWriter& json, const Alert& alert) {
  json.begin_object().field("state", to_string(alert.state)).key("labels").begin_object();
  for (const Label& label : alert.labels.items()) json.field(label.name, label.value);
  json.end_object().key("annotations").begin_object();
  for (const auto& [name, text] : alert.annotations) json.field(name, text);
  json.end_object().field("value", alert.value);
  json.field("activeAt", alert.active_at_ms).field("firedAt", alert.fired_at_ms);
  json.field("resolvedAt", alert.resolved_at_ms)
      .field("keepFiringSince", alert.keep_firing_since_ms)
      .end_object();
}

Alert read_alert(const dom::element& element) {
  Alert alert;
  const std::string_view state = element["state"];
  alert.state = state == "firing"    ? AlertState::kFiring
                : state == "pending" ? AlertState::kPending
                                     : AlertState::kInactive;
  std::vector<Label> labels;
  for (const auto field : dom::object(element["labels"]))
    labels.push_back({std::string(field.key), std::string(std::string_view(field.value))});
  auto made = Labels::create(std::move(labels),
                             {.labels_count_max = 1024, .name_bytes_max = 4096, .value_bytes_max = 1 << 20});
  if (!made) throw simdjson::simdjson_error(simdjson::INCORRECT_TYPE);
  alert.labels = std::move(*made);
  for (const auto field : dom::object(element["annotations"]))
    alert.annotations.emplace_back(field.key, std::string_view(field.value));
  // NaN and infinities are written as null.
  double value = 0;
  if (element["value"].get(value) == simdjson::SUCCESS) alert.value = value;
  alert.active_at_ms = element["activeAt"];
  alert.fired_at_ms = element["firedAt"];
  alert.resolved_at_ms = element["resolvedAt"];
  alert.keep_firing_since_ms = element["keepFiringSince"];
  return alert;
}

}  // namespace

std::string to_json(const GroupState& state) {
  JsonWriter json;
  json.begin_object().field("version", kVersion).field("at", state.at_ms).key("rules").begin_array();
  for (const GroupState::OneRule& rule : state.rules) {
    json.begin_object().field("name", rule.name).field("labels", rule.label_text).key("alerts").begin_array();
    for (const Alert& alert : rule.alerts) write_alert(json, alert);
    json.end_array().end_object();
  }
  json.end_array().end_object();
  return json.take();
}

Result<GroupState> group_state_from_json(std::string_view text) {
  try {
    dom::parser parser;
    const dom::element document = parser.parse(text.data(), text.size());
    const std::int64_t version = document["version"];
    if (version > kVersion)
      return fail(ErrorCode::kVersion,
                  fmt::format("alert states of version {}, this program knows {}", version, kVersion));
    GroupState state;
    state.at_ms = document["at"];
    for (const dom::element rule : dom::array(document["rules"])) {
      GroupState::OneRule one;
      one.name = std::string_view(rule["name"]);
      one.label_text = std::string_view(rule["labels"]);
      for (const dom::element alert : dom::array(rule["alerts"])) one.alerts.push_back(read_alert(alert));
      state.rules.push_back(std::move(one));
    }
    return state;
  } catch (const simdjson::simdjson_error& error) {
    return fail(ErrorCode::kCorrupt, fmt::format("alert states: {}", error.what()));
  }
}

void resume_alerts(TimestampMs left_at_ms, TimestampMs now, std::vector<Alert>& alerts) {
  const DurationMs away = std::max<DurationMs>(0, now - left_at_ms);
  std::erase_if(alerts, [&](const Alert& alert) {
    return alert.state == AlertState::kPending && away > kOutageToleranceMs;
  });
  for (Alert& alert : alerts) {
    if (alert.state == AlertState::kPending) alert.active_at_ms += away;
    if (alert.keep_firing_since_ms != 0) alert.keep_firing_since_ms += away;
  }
}

}  // namespace trimtab
