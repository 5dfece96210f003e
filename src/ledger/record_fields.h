// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>
#include <simdjson.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ledger/records.h"

// For this room's *_reading.cc and *_json.cc only (it brings simdjson): fields of a JSON object into fields
// of a record. A key that is absent or null leaves the field's default; a wrong type is kInvalid and names
// the key.
namespace trimtab::record_json {

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
  void read(std::string_view key, bool& out) {
    element value;
    if (find(key, value) && value.get(out) != simdjson::SUCCESS) wrong(key, "true or false");
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
  void texts(std::string_view key, std::vector<std::string>& out) {
    each(key, [&](element item) {
      std::string_view text;
      if (item.get(text) != simdjson::SUCCESS) return wrong(key, "a list of texts");
      out.emplace_back(text);
    });
  }
  void numbers(std::string_view key, std::vector<std::int64_t>& out) {
    each(key, [&](element item) {
      std::int64_t number = 0;
      if (item.get(number) != simdjson::SUCCESS) return wrong(key, "a list of whole numbers");
      out.push_back(number);
    });
  }
  // A list of objects: `read_one` gets the Fields of each.
  template <typename Read>
  void objects(std::string_view key, Read read_one) {
    each(key, [&](element item) {
      object inner;
      if (item.get(inner) != simdjson::SUCCESS) return wrong(key, "a list of objects");
      Fields fields(inner, key, problem_);
      read_one(fields);
    });
  }
  // {"kind": ..., "name": ...} or "kind/name".
  void entity_value(std::string_view key, element value, EntityRef& out);
  void entity(std::string_view key, EntityRef& out) {
    element value;
    if (find(key, value)) entity_value(key, value, out);
  }
  Status& problem() { return problem_; }

 private:
  object from_;
  std::string_view what_;
  Status& problem_;
};

inline void Fields::entity_value(std::string_view key, element value, EntityRef& out) {
  std::string_view text;
  object inner;
  if (value.get(text) == simdjson::SUCCESS) {
    const auto parsed = parse_entity(text);
    if (!parsed) return failed(key, parsed.error());
    out = *parsed;
  } else if (value.get(inner) == simdjson::SUCCESS) {
    Fields entity(inner, key, problem_);
    entity.read("kind", out.kind);
    entity.read("name", out.name);
    if (out.kind.empty() != out.name.empty()) entity.wrong("name", "there: an entity needs kind and name");
  } else {
    wrong(key, "an entity");
  }
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

}  // namespace trimtab::record_json
