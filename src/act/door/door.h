// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "act/door/template.h"
#include "base/http_client.h"
#include "base/matcher.h"
#include "base/result.h"
#include "base/time.h"
#include "base/yaml.h"

namespace trimtab::act {

// Runs a program without a shell; its standard output is the answer.
struct DoorCommand {
  std::vector<Template> run;  // an absolute path without place-holders, then arguments
  Template input;             // given on standard input
};

// Asks an HTTP server; the body of its answer, or one value of it, is the answer.
struct DoorRequest {
  std::string method;
  Template url;
  std::vector<std::pair<std::string, Template>> headers;
  Template body;
  std::vector<int> accept;  // empty: 200 to 299
  std::string value;        // JSON pointer into the answer; "": all of it
};

using DoorStep = std::variant<DoorCommand, DoorRequest>;

// A change that the operator taught us, by name: the section `doors:` (docs/doors.md). Immutable.
struct Door {
  std::string name;
  std::map<std::string, Matcher> parameters;  // the whole value must match
  std::optional<DoorStep> check;              // must succeed before anything is done
  DoorStep read;                              // the present state
  DoorStep apply;
  DoorStep undo;                                             // {{before}}: what read gave before
  Template expect;                                           // what read gives once the effect is there
  DurationMs timeout_ms = kMinuteMs;                         // of each step
  std::vector<std::string> environment;                      // "NAME=value"
  std::vector<std::pair<std::string, std::string>> secrets;  // name of a variable, file of its value
  HttpAuth auth;

  std::string action_type() const { return "door." + name; }  // what policy speaks of
  std::string target() const { return "door/" + name; }

  static constexpr std::size_t kDoorsMax = 256;
  static constexpr std::size_t kNameBytesMax = 64;
  static constexpr std::size_t kParametersMax = 32;
  static constexpr std::size_t kArgumentsMax = 256;
  static constexpr std::size_t kTemplateBytesMax = 64 << 10;
  static constexpr std::size_t kValueBytesMax = 4096;       // of a parameter
  static constexpr std::size_t kAnswerBytesMax = 32 << 10;  // of a step; journaled when it is the state
  static constexpr DurationMs kTimeoutMax = kHourMs;
};

// An absent section: none. Errors: unknown keys and place-holders, expressions that do not compile, a step
// that is missing (without all of read, apply, undo and expect nobody could say after a crash whether the
// effect is there), unused parameters, names that stand twice.
Result<std::vector<Door>> read_doors(const Yaml& section);

// What would fail when a door is used: programs that are not there, may not be run or may be replaced by
// everyone; files of secrets that can not be read or may be read by everyone. A sentence each.
std::vector<std::string> check_doors(const std::vector<Door>& doors);

}  // namespace trimtab::act
