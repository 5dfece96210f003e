// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <re2/re2.h>

#include <array>
#include <limits>

#include "ingest/scrape/relabel.h"

namespace trimtab {
namespace {

struct ActionWord {
  std::string_view word;
  RelabelAction action;
};
constexpr std::array<ActionWord, 11> kActions{{
    {"replace", RelabelAction::kReplace},
    {"keep", RelabelAction::kKeep},
    {"drop", RelabelAction::kDrop},
    {"keepequal", RelabelAction::kKeepEqual},
    {"dropequal", RelabelAction::kDropEqual},
    {"hashmod", RelabelAction::kHashMod},
    {"labelmap", RelabelAction::kLabelMap},
    {"labeldrop", RelabelAction::kLabelDrop},
    {"labelkeep", RelabelAction::kLabelKeep},
    {"lowercase", RelabelAction::kLowercase},
    {"uppercase", RelabelAction::kUppercase},
}};

bool needs_target(RelabelAction action) {
  return action == RelabelAction::kReplace || action == RelabelAction::kHashMod ||
         action == RelabelAction::kLowercase || action == RelabelAction::kUppercase ||
         action == RelabelAction::kKeepEqual || action == RelabelAction::kDropEqual;
}

// The keys that change what an action does; any other one is a misunderstanding worth an error.
bool takes(RelabelAction action, std::string_view key) {
  const bool names_only = action == RelabelAction::kLabelDrop || action == RelabelAction::kLabelKeep;
  const bool equal = action == RelabelAction::kKeepEqual || action == RelabelAction::kDropEqual;
  if (names_only) return key == "regex";
  if (equal) return key == "source_labels" || key == "target_label" || key == "separator";
  if (key == "modulus") return action == RelabelAction::kHashMod;
  return true;
}

// A label name, or one with $1, ${1} or ${name} in it (only `replace` and `labelmap` expand those).
bool is_label_template(std::string_view text) {
  static const re2::RE2 pattern(R"((?:(?:[a-zA-Z_]|\$(?:\{\w+\}|\w+))+\w*)+)");
  return re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), pattern);
}

Result<RelabelAction> read_action(const Yaml& yaml) {
  if (!yaml.exists()) return RelabelAction::kReplace;
  std::string word = TRY(yaml.string());
  for (char& c : word) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  std::string known;
  for (const ActionWord& action : kActions) {
    if (action.word == word) return action.action;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", action.word);
  }
  return yaml.error(fmt::format("\"{}\" is not an action; there are {}", word, known));
}

Result<std::shared_ptr<const re2::RE2>> read_regex(const Yaml& yaml) {
  const std::string text = TRY(yaml.string_or("(.*)"));
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_dot_nl(true);
  options.set_max_mem(RelabelRule::kRegexMemoryBytesMax);
  auto regex = std::make_shared<const re2::RE2>(text, options);
  if (!regex->ok()) return yaml.error(fmt::format("\"{}\": {}", text, regex->error()));
  return regex;
}

Status check_target(const Yaml& yaml, const RelabelRule& rule) {
  if (needs_target(rule.action) && rule.target_label.empty()) return yaml.error("target_label is missing");
  if (rule.target_label.empty()) return ok();
  const bool expands = rule.action == RelabelAction::kReplace;
  const bool good = expands ? is_label_template(rule.target_label) : is_plain_label_name(rule.target_label);
  if (!good) {
    return yaml["target_label"].error(
        fmt::format("\"{}\" is not a label name ([a-zA-Z_][a-zA-Z0-9_]*)", rule.target_label));
  }
  return ok();
}

}  // namespace

Result<RelabelRule> RelabelRule::from_yaml(const Yaml& yaml) {
  if (!yaml.is_map()) return yaml.error("a relabelling rule is a map");
  TRY(yaml.only_keys(
      {"source_labels", "separator", "regex", "modulus", "target_label", "replacement", "action"}));
  RelabelRule rule;
  rule.action = TRY(read_action(yaml["action"]));
  for (const auto& [key, value] : yaml.map()) {
    if (key != "action" && value.exists() && !takes(rule.action, key)) {
      return value.error("this action does not use it");
    }
  }
  if (yaml["source_labels"].exists()) rule.source_labels = TRY(yaml["source_labels"].strings());
  for (const std::string& name : rule.source_labels) {
    if (!is_plain_label_name(name))
      return yaml["source_labels"].error(fmt::format("\"{}\" is not a label name", name));
  }
  rule.separator = TRY(yaml["separator"].string_or(";"));
  rule.regex = TRY(read_regex(yaml["regex"]));
  rule.target_label = TRY(yaml["target_label"].string_or(""));
  rule.replacement = TRY(yaml["replacement"].string_or("$1"));
  TRY(check_target(yaml, rule));
  if (rule.action == RelabelAction::kHashMod) {
    rule.modulus = static_cast<std::uint64_t>(
        TRY(yaml["modulus"].integer_or(0, 0, std::numeric_limits<std::int64_t>::max())));
    if (rule.modulus == 0) return yaml.error("hashmod needs a modulus of at least 1");
  }
  if (rule.action == RelabelAction::kLabelMap && !is_label_template(rule.replacement)) {
    return yaml["replacement"].error(fmt::format("\"{}\" does not spell a label name", rule.replacement));
  }
  return rule;
}

Result<RelabelRules> read_relabel_rules(const Yaml& yaml) {
  RelabelRules rules;
  if (!yaml.exists()) return rules;
  if (!yaml.is_list()) return yaml.error("must be a list of relabelling rules");
  for (const Yaml& entry : yaml.list()) {
    if (rules.size() == kRelabelRulesMax)
      return yaml.error(fmt::format("more than {} rules", kRelabelRulesMax));
    rules.push_back(TRY(RelabelRule::from_yaml(entry)));
  }
  return rules;
}

}  // namespace trimtab
