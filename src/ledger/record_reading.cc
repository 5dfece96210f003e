// SPDX-License-Identifier: Apache-2.0
// JSON to records. A key that is absent or null leaves the field's default; a wrong type is kInvalid
// and names the key.
#include <fmt/format.h>
#include <simdjson.h>

#include <limits>

#include "ledger/records.h"

namespace trimtab {

namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

// Reads fields of one object; the first problem sticks and the rest is skipped.
class Fields {
 public:
  Fields(object from, std::string_view what, Status& problem) : from_(from), what_(what), problem_(problem) {}

  bool find(std::string_view key, element& out) {
    if (!problem_) return false;
    return from_[key].get(out) == simdjson::SUCCESS && !out.is_null();
  }
  void wrong(std::string_view key, std::string_view expected) {
    if (problem_) problem_ = invalid(fmt::format("{}: \"{}\" is not {}", what_, key, expected));
  }
  void failed(std::string_view key, const Error& error) {
    if (problem_) problem_ = std::unexpected(error.within(fmt::format("{}: \"{}\"", what_, key)));
  }

  void read(std::string_view key, std::string& out) {
    element value;
    std::string_view text;
    if (!find(key, value)) return;
    if (value.get(text) != simdjson::SUCCESS) return wrong(key, "a text");
    out = text;
  }
  void read(std::string_view key, std::int64_t& out) {
    element value;
    if (find(key, value) && value.get(out) != simdjson::SUCCESS) wrong(key, "a whole number");
  }
  void read(std::string_view key, std::uint64_t& out) {
    element value;
    if (find(key, value) && value.get(out) != simdjson::SUCCESS) wrong(key, "a whole number from 0");
  }
  void read(std::string_view key, int& out) {
    std::int64_t wide = out;
    read(key, wide);
    if (wide < std::numeric_limits<int>::min() || wide > std::numeric_limits<int>::max()) {
      return wrong(key, "a small whole number");
    }
    out = static_cast<int>(wide);
  }
  // null stands for NaN: unlike elsewhere it is not the same as an absent key.
  void read(std::string_view key, double& out) {
    element value;
    if (!problem_ || from_[key].get(value) != simdjson::SUCCESS) return;
    if (value.is_null()) {
      out = std::numeric_limits<double>::quiet_NaN();
    } else if (value.get(out) != simdjson::SUCCESS) {
      wrong(key, "a number");
    }
  }
  void read(std::string_view key, std::optional<std::int64_t>& out) {
    element value;
    std::int64_t number = 0;
    if (!find(key, value)) return;
    if (value.get(number) != simdjson::SUCCESS) return wrong(key, "a whole number");
    out = number;
  }
  template <typename Enum, typename Parse>
  void word(std::string_view key, Enum& out, Parse parse) {
    std::string text;
    read(key, text);
    if (text.empty()) return;
    const auto parsed = parse(text);
    if (!parsed) return failed(key, parsed.error());
    out = *parsed;
  }
  template <typename Each>
  void each(std::string_view key, Each read_one) {
    element value;
    array items;
    if (!find(key, value)) return;
    if (value.get(items) != simdjson::SUCCESS) return wrong(key, "a list");
    for (const element item : items) {
      if (problem_) read_one(item);
    }
  }
  template <typename Read>
  void nested(std::string_view key, Read read_object) {
    element value;
    object inner;
    if (!find(key, value)) return;
    if (value.get(inner) != simdjson::SUCCESS) return wrong(key, "an object");
    read_object(inner);
  }
  Status& problem() { return problem_; }

 private:
  object from_;
  std::string_view what_;
  Status& problem_;
};

void read_range(Fields& fields, std::string_view key, TimeRange& out) {
  fields.nested(key, [&](object inner) {
    Fields range(inner, key, fields.problem());
    range.read("from_ms", out.from);
    range.read("to_ms", out.to);
  });
}

// {"kind": ..., "name": ...} or "kind/name".
void read_entity_value(Fields& fields, std::string_view key, element value, EntityRef& out) {
  std::string_view text;
  object inner;
  if (value.get(text) == simdjson::SUCCESS) {
    const auto parsed = parse_entity(text);
    if (!parsed) return fields.failed(key, parsed.error());
    out = *parsed;
  } else if (value.get(inner) == simdjson::SUCCESS) {
    Fields entity(inner, key, fields.problem());
    entity.read("kind", out.kind);
    entity.read("name", out.name);
    if (out.kind.empty() != out.name.empty()) entity.wrong("name", "there: an entity needs kind and name");
  } else {
    fields.wrong(key, "an entity");
  }
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
              [&](element item) { read_entity_value(fields, "related", item, out.related.emplace_back()); });
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
  element entity;
  if (fields.find("entity", entity)) read_entity_value(fields, "entity", entity, out.entity);
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
  if (fields.find("entity", entity)) read_entity_value(fields, "entity", entity, out.entity.emplace());
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
  element entity;
  if (fields.find("entity", entity)) read_entity_value(fields, "entity", entity, out.entity);
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

template <typename Record>
Result<Record> read_record(std::string_view json, std::string_view what, void (*read)(Fields&, Record&)) {
  simdjson::dom::parser parser;
  element root;
  const auto parse_error = parser.parse(json.data(), json.size()).get(root);
  if (parse_error != simdjson::SUCCESS) {
    return invalid(fmt::format("{}: not JSON: {}", what, simdjson::error_message(parse_error)));
  }
  object top;
  if (root.get(top) != simdjson::SUCCESS) return invalid(fmt::format("{}: not a JSON object", what));
  Record record;
  Status problem = ok();
  Fields fields(top, what, problem);
  read(fields, record);
  if (!problem) return std::unexpected(problem.error());
  return record;
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
