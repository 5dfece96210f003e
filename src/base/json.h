// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/labels.h"

namespace trimtab {

// "text" with quotes and JSON escapes. Bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);
// Shortest form that reads back to the same double; null for NaN and infinities (JSON has none).
void append_json_number(std::string& out, double value);
// {"__name__":"up","job":"node"}
void append_labels_json(std::string& out, const Labels& labels);

// Writes JSON into a string, in the order of the calls; commas and escapes are its business.
//   JsonWriter json;
//   json.begin_object();
//   json.field("id", 7);
//   json.key("series").begin_array();
//   ...
//   json.end_array();
//   json.end_object();
// The caller balances begin and end; checked when str() is taken. Not thread-safe.
class JsonWriter {
 public:
  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);

  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(const std::string& text) { return value(std::string_view(text)); }
  JsonWriter& value(double number);
  JsonWriter& value(bool flag);
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  JsonWriter& value(T number) {
    separate();
    out_ += std::to_string(number);
    return *this;
  }
  JsonWriter& null();
  JsonWriter& raw(std::string_view json);  // already JSON

  template <typename T>
  JsonWriter& field(std::string_view name, const T& v) {
    return key(name).value(v);
  }

  const std::string& str() const;
  std::string take();

 private:
  void separate();

  std::string out_;
  int depth_ = 0;
  bool need_comma_ = false;
};

}  // namespace trimtab
