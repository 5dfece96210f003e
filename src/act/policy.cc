// SPDX-License-Identifier: Apache-2.0
#include "act/policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "estate/estate_file.h"
#include "estate/glob.h"

namespace trimtab::act {

namespace {

bool any_matches(const std::vector<std::string>& patterns, std::string_view text) {
  return patterns.empty() ||
         std::ranges::any_of(patterns, [&](const std::string& one) { return glob_match(one, text); });
}

Result<Approval> read_approval(const Yaml& yaml) {
  const std::string word = TRY(yaml.string());
  if (word == "person") return Approval::kPerson;
  if (word == "auto") return Approval::kAuto;
  if (word == "never") return Approval::kNever;
  return yaml.error(fmt::format("\"{}\": expected person, auto or never", word.substr(0, 32)));
}

Result<Inconclusive> read_inconclusive(const Yaml& yaml) {
  const std::string word = TRY(yaml.string());
  if (word == "reverse") return Inconclusive::kReverse;
  if (word == "keep") return Inconclusive::kKeep;
  return yaml.error(fmt::format("\"{}\": expected reverse or keep", word.substr(0, 32)));
}

Result<Risk> read_risk(const Yaml& yaml) {
  const std::string word = TRY(yaml.string());
  const auto risk = parse_risk(word);
  if (!risk) return yaml.error(risk.error().message());
  return *risk;
}

Result<std::vector<std::string>> patterns(const Yaml& yaml) {
  if (!yaml.exists()) return std::vector<std::string>{};
  return yaml.strings();
}

Result<PolicyRule> read_rule(const Yaml& yaml, std::size_t index) {
  if (!yaml.is_map()) return yaml.error("expected a rule: at least approve");
  TRY(yaml.only_keys({"name", "actions", "entities", "tiers", "risk_max", "approve", "inconclusive"}));
  PolicyRule rule;
  rule.name = TRY(yaml["name"].string_or(fmt::format("rule {}", index + 1)));
  if (rule.name.empty() || rule.name.size() > 128) return yaml["name"].error("expected 1 to 128 bytes");
  rule.actions = TRY(patterns(yaml["actions"]));
  rule.entities = TRY(patterns(yaml["entities"]));
  for (const Yaml& tier : yaml["tiers"].list()) {
    rule.tiers.push_back(static_cast<int>(TRY(tier.integer(0, 4))));
  }
  if (yaml["risk_max"].exists()) rule.risk_max = TRY(read_risk(yaml["risk_max"]));
  if (!yaml["approve"].exists()) return yaml.error("approve is missing: person, auto or never");
  rule.approve = TRY(read_approval(yaml["approve"]));
  if (yaml["inconclusive"].exists()) rule.inconclusive = TRY(read_inconclusive(yaml["inconclusive"]));
  return rule;
}

}  // namespace

std::string_view to_string(Approval approval) {
  switch (approval) {
    case Approval::kPerson: return "person";
    case Approval::kAuto: return "auto";
    case Approval::kNever: break;
  }
  return "never";
}

bool PolicyRule::matches(const ChangeTraits& traits) const {
  if (!any_matches(actions, traits.action_type)) return false;
  if (!any_matches(entities, traits.entity.to_string())) return false;
  if (!tiers.empty() && std::ranges::find(tiers, traits.tier) == tiers.end()) return false;
  return !risk_max || traits.risk <= *risk_max;
}

Policy::Ruling Policy::rule_on(const ChangeTraits& traits) const {
  for (const PolicyRule& rule : rules) {
    if (rule.matches(traits)) return {rule.approve, rule.inconclusive.value_or(inconclusive), rule.name};
  }
  return {Approval::kPerson, inconclusive, ""};
}

std::string Policy::waits_for_window(const EntityRef& entity, TimestampMs now) const {
  std::string names;
  for (const MaintenanceWindow& window : windows) {
    if (!any_matches(window.entities, entity.to_string())) continue;
    if (window.covers(entity, now)) return "";
    names += (names.empty() ? "" : ", ") + window.name;
  }
  return names.empty() ? "" : "maintenance window " + names;
}

Result<Policy> Policy::read(const Yaml& section) {
  Policy policy;
  if (!section.exists()) return policy;
  if (!section.is_map()) return section.error("expected dry_run, rules, windows, ...");
  TRY(section.only_keys(
      {"dry_run", "rules", "inconclusive", "windows", "changes_per_hour", "max_observation"}));
  policy.dry_run = TRY(section["dry_run"].boolean_or(policy.dry_run));
  if (section["inconclusive"].exists()) {
    policy.inconclusive = TRY(read_inconclusive(section["inconclusive"]));
  }
  const std::vector<Yaml> rules = section["rules"].list();
  if (rules.size() > kRulesMax) {
    return section["rules"].error(fmt::format("{} rules; at most {} are taken", rules.size(), kRulesMax));
  }
  std::set<std::string> names;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    policy.rules.push_back(TRY(read_rule(rules[i], i)));
    if (!names.insert(policy.rules.back().name).second) {
      return rules[i].error(fmt::format("the name \"{}\" stands twice", policy.rules.back().name));
    }
  }
  policy.windows = TRY(read_maintenance_windows(section["windows"]));
  policy.changes_per_hour = static_cast<int>(
      TRY(section["changes_per_hour"].integer_or(policy.changes_per_hour, 0, kChangesPerHourMax)));
  policy.max_observation_ms =
      TRY(section["max_observation"].duration_or(policy.max_observation_ms, kMinuteMs, 7 * kDayMs));
  return policy;
}

}  // namespace trimtab::act
