// SPDX-License-Identifier: Apache-2.0
#include "act/door/template.h"

#include <fmt/format.h>
#include <simdjson.h>

#include "base/check.h"
#include "base/http_client.h"
#include "base/json.h"

namespace trimtab::act {

namespace {

constexpr std::string_view kJsonFilter = "|json";

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

struct PlaceHolder {
  std::string_view name;
  bool json = false;
  std::size_t size = 0;  // of the whole; 0: this is none
};

// The place-holder at the beginning of `text`.
PlaceHolder read_place_holder(std::string_view text) {
  PlaceHolder out;
  std::size_t end = 2;
  while (end < text.size() && is_word(text[end])) ++end;
  out.name = text.substr(2, end - 2);
  if (out.name.empty()) return out;
  out.json = text.substr(end).starts_with(kJsonFilter);
  if (out.json) end += kJsonFilter.size();
  if (text.substr(end).starts_with("}}")) out.size = end + 2;
  return out;
}

// Whether the end of `text` stands inside a JSON string, when its beginning did or did not.
bool ends_in_string(std::string_view text, bool inside) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (inside && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      inside = !inside;
    }
  }
  return inside;
}

bool is_json_value(const std::string& text) {
  simdjson::dom::parser parser;
  return parser.parse(simdjson::padded_string(text)).error() == simdjson::SUCCESS;
}

}  // namespace

Template::Template(std::string_view text, Quoting quoting) : text_(text) {
  std::size_t begin = 0;
  bool in_string = false;
  for (std::size_t at = text.find("{{"); at != std::string_view::npos; at = text.find("{{", at)) {
    const PlaceHolder found = read_place_holder(text.substr(at));
    if (found.size == 0) {
      ++at;
      continue;
    }
    const std::string_view before = text.substr(begin, at - begin);
    in_string = ends_in_string(before, in_string);
    parts_.push_back(
        {std::string(before), std::string(found.name), found.json ? Quoting::kJson : quoting, in_string});
    names_.emplace(found.name);
    at += found.size;
    begin = at;
  }
  // An argument that starts with a place-holder has an empty text before it.
  if (begin < text.size()) parts_.push_back({std::string(text.substr(begin)), "", quoting, false});
}

Status Template::append(std::string& out, const Part& part, const std::string& value) {
  switch (part.quoting) {
    case Quoting::kNone: out += value; return ok();
    case Quoting::kArgument:
      if (out.empty() && value.starts_with('-')) {
        return invalid(
            fmt::format("{{{{{}}}}}: the value begins with \"-\" where a program could take it for an option",
                        part.name));
      }
      out += value;
      return ok();
    case Quoting::kUrl: out += url_encode(value); return ok();
    case Quoting::kJson: break;
  }
  if (!simdjson::validate_utf8(value)) {
    return invalid(fmt::format("{{{{{}}}}}: the value is not UTF-8 and can not stand in JSON", part.name));
  }
  if (!part.in_json_string) {
    if (!is_json_value(value)) {
      return invalid(fmt::format(
          "{{{{{}}}}} stands outside of quotes in JSON: expected one JSON value, such as a number",
          part.name));
    }
    out += value;
    return ok();
  }
  std::string quoted;
  append_json_string(quoted, value);
  out.append(quoted, 1, quoted.size() - 2);
  return ok();
}

Result<std::string> Template::fill(const DoorValues& values) const {
  std::string out;
  for (const Part& part : parts_) {
    out += part.text;
    if (part.name.empty()) continue;
    const auto value = values.find(part.name);
    CHECK(value != values.end(), "no value for {}", part.name);
    TRY(append(out, part, value->second));
  }
  return out;
}

}  // namespace trimtab::act
