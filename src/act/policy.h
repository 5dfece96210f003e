// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "base/yaml.h"
#include "estate/estate.h"
#include "ledger/recommendation.h"

namespace trimtab::act {

enum class Approval { kPerson, kAuto, kNever };
enum class Inconclusive { kReverse, kKeep };
std::string_view to_string(Approval approval);  // "person", "auto", "never"

// What a change is, as far as policy cares.
struct ChangeTraits {
  std::string_view action_type;
  EntityRef entity;
  int tier = 0;  // 0: unknown
  Risk risk = Risk::kLow;
};

struct PolicyRule {
  std::string name;
  std::vector<std::string> actions = {};   // patterns: "postgresql.create_index", "redis.*"; empty: all
  std::vector<std::string> entities = {};  // patterns: "table/*"; empty: all
  std::vector<int> tiers = {};             // empty: all; 0 is an unknown tier
  std::optional<Risk> risk_max = {};       // matches changes of at most this risk
  Approval approve = Approval::kPerson;
  std::optional<Inconclusive> inconclusive = {};
  bool matches(const ChangeTraits& traits) const;
};

// What may be changed, by whose word, when and how often: the section `policy:` (docs/closed-loop.md).
struct Policy {
  bool dry_run = false;                // true: nothing is ever applied, whoever asks
  std::vector<PolicyRule> rules = {};  // the first that matches speaks; none: a person
  Inconclusive inconclusive = Inconclusive::kReverse;
  // When some window covers an entity's name, changes to it begin only inside one of these.
  std::vector<MaintenanceWindow> windows = {};
  int changes_per_hour = 4;
  DurationMs max_observation_ms = 12 * kHourMs;  // shortens what a verify plan asks for

  struct Ruling {
    Approval approve = Approval::kPerson;
    Inconclusive inconclusive = Inconclusive::kReverse;
    std::string rule;  // its name; "" when none matched
  };
  Ruling rule_on(const ChangeTraits& traits) const;
  // "maintenance window weekend" when the entity must wait; "" when a change may begin now.
  std::string waits_for_window(const EntityRef& entity, TimestampMs now) const;

  // An absent section: all defaults. Errors: unknown keys, wrong words, more than kRulesMax.
  static Result<Policy> read(const Yaml& section);

  static constexpr std::size_t kRulesMax = 1'000;
  static constexpr int kChangesPerHourMax = 1'000;
};

}  // namespace trimtab::act
