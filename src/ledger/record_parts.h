// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "base/json.h"
#include "ledger/recommendation.h"
#include "ledger/records.h"

// Parts that several records share, as JSON. For this room only.
namespace trimtab::record_json {

class Fields;

inline void write_entity(JsonWriter& json, const EntityRef& entity) {
  json.begin_object().field("kind", entity.kind).field("name", entity.name).end_object();
}

template <typename T>
void optional_field(JsonWriter& json, std::string_view name, const std::optional<T>& value) {
  if (value) json.field(name, *value);
}

void write_action(JsonWriter& json, const Action& action);
void write_expected(JsonWriter& json, const ExpectedEffect& expected);
void write_verify_plan(JsonWriter& json, const VerifyPlan& plan);
// Of the keys "action", "expected" and "verify".
void read_action(Fields& fields, Action& out);
void read_expected(Fields& fields, ExpectedEffect& out);
void read_verify_plan(Fields& fields, VerifyPlan& out);

}  // namespace trimtab::record_json
