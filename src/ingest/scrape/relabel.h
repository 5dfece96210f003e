// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/result.h"
#include "base/yaml.h"

namespace re2 {
class RE2;
}

namespace trimtab {

// A label set while it is being changed. Never holds an empty value (empty means absent).
using LabelMap = std::map<std::string, std::string, std::less<>>;

std::string_view get_label(const LabelMap& labels, std::string_view name);        // "" when absent
void set_label(LabelMap& labels, std::string_view name, std::string_view value);  // "" removes

enum class RelabelAction {
  kReplace,
  kKeep,
  kDrop,
  kKeepEqual,
  kDropEqual,
  kHashMod,
  kLabelMap,
  kLabelDrop,
  kLabelKeep,
  kLowercase,
  kUppercase,
};

// One entry of relabel_configs or metric_relabel_configs, with Prometheus' meaning and defaults
// (prometheus.io/docs, "relabel_config"): separator ";", regex "(.*)", replacement "$1", action replace.
// Regular expressions are RE2 and must match the whole value; "." also matches a line break (Prometheus 3).
// Immutable and thread-safe once read.
struct RelabelRule {
  RelabelAction action = RelabelAction::kReplace;
  std::vector<std::string> source_labels = {};
  std::string separator = ";";
  std::shared_ptr<const re2::RE2> regex = {};
  std::uint64_t modulus =
      0;  // of hashmod: MD5 of the joined values, its last 8 bytes big-endian, modulo this
  std::string target_label = {};
  std::string replacement = "$1";

  // Errors name the place in the file: an unknown action, a key that the action does not take, a regular
  // expression that does not parse or compiles to more than kRegexMemoryBytesMax.
  static Result<RelabelRule> from_yaml(const Yaml& yaml);

  static constexpr std::int64_t kRegexMemoryBytesMax = 8 << 20;
};

using RelabelRules = std::vector<RelabelRule>;

// The list under relabel_configs; absent is empty. At most kRelabelRulesMax.
Result<RelabelRules> read_relabel_rules(const Yaml& yaml);
inline constexpr std::size_t kRelabelRulesMax = 1000;

// Applies the rules in order. False: a keep or drop rule says that the target or series is not wanted
// (the labels are then in an unspecified state). Cost: one regular expression match per rule, or per
// label and rule for the label* actions.
[[nodiscard]] bool relabel(const RelabelRules& rules, LabelMap& labels);

}  // namespace trimtab
