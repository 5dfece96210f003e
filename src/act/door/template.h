// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace trimtab::act {

using DoorValues = std::map<std::string, std::string, std::less<>>;

// How values are written where their place-holders stand.
enum class Quoting {
  kNone,      // as they are
  kArgument,  // as they are, inside one argument of a program: never the start of an option
  kUrl,       // percent-encoded
  kJson,      // inside a string of the JSON text: escaped; elsewhere: one whole JSON value
};

// Text with place-holders: {{name}}, and {{name|json}}, which is written as with kJson whatever the rest is.
// Braces that do not spell a place-holder stay as they are ({{.Names}} of other template languages does).
// A value replaces its place-holder and is never read again. Immutable.
class Template {
 public:
  Template() = default;
  explicit Template(std::string_view text, Quoting quoting);

  const std::set<std::string>& names() const { return names_; }
  const std::string& text() const { return text_; }
  bool starts_with_place_holder() const { return !parts_.empty() && !parts_[0].name.empty(); }

  // Requires: a value for every name. Errors (kInvalid): a value that may not stand where it would; the
  // message names the place-holder and never the value, which may be long or hostile.
  Result<std::string> fill(const DoorValues& values) const;

 private:
  struct Part {
    std::string text;  // before the place-holder
    std::string name;  // "": none follows
    Quoting quoting = Quoting::kNone;
    bool in_json_string = false;
  };
  static Status append(std::string& out, const Part& part, const std::string& value);

  std::string text_;
  std::vector<Part> parts_;
  std::set<std::string> names_;
};

}  // namespace trimtab::act
