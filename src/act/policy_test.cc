// SPDX-License-Identifier: Apache-2.0
#include "act/policy.h"

#include <gtest/gtest.h>

namespace trimtab::act {
namespace {

Result<Policy> read(const std::string& text) {
  const auto yaml = Yaml::parse(text, "trimtab.yaml");
  EXPECT_TRUE(yaml);
  return Policy::read((*yaml)["policy"]);
}

TEST(PolicyFile, absent_section_lets_nothing_happen_by_itself) {
  const Policy policy = read("other: 1").value();
  EXPECT_FALSE(policy.dry_run);
  EXPECT_EQ(policy.rule_on({"redis.set", {"redis", "main"}, 4, Risk::kLow}).approve, Approval::kPerson);
  EXPECT_EQ(policy.inconclusive, Inconclusive::kReverse);
  EXPECT_EQ(policy.changes_per_hour, 4);
}

TEST(PolicyFile, first_matching_rule_speaks) {
  const Policy policy = read(R"(
policy:
  dry_run: true
  inconclusive: keep
  changes_per_hour: 10
  max_observation: 30m
  rules:
    - {name: no touching payments, entities: ["*payments*"], approve: never}
    - {name: safe, actions: [postgresql.create_index, "redis.*"], tiers: [3, 4], risk_max: low, approve: auto, inconclusive: reverse}
    - {approve: person}
  windows:
    - {name: nights, entities: ["table/*"], weekly: sunday, at: "02:00", duration: 2h}
)")
                            .value();
  EXPECT_TRUE(policy.dry_run);
  EXPECT_EQ(policy.max_observation_ms, 30 * kMinuteMs);
  const EntityRef table{"table", "orders"};
  struct Case {
    ChangeTraits traits;
    Approval approve;
    Inconclusive inconclusive;
    std::string rule;
  };
  const Case cases[] = {
      {{"redis.set", {"table", "payments"}, 3, Risk::kLow},
       Approval::kNever,
       Inconclusive::kKeep,
       "no touching payments"},
      {{"redis.set", table, 3, Risk::kLow}, Approval::kAuto, Inconclusive::kReverse, "safe"},
      {{"redis.set", table, 3, Risk::kMedium}, Approval::kPerson, Inconclusive::kKeep, "rule 3"},
      {{"redis.set", table, 1, Risk::kLow}, Approval::kPerson, Inconclusive::kKeep, "rule 3"},
      {{"postgresql.set", table, 3, Risk::kLow}, Approval::kPerson, Inconclusive::kKeep, "rule 3"},
  };
  for (const Case& one : cases) {
    const Policy::Ruling said = policy.rule_on(one.traits);
    EXPECT_EQ(said.approve, one.approve) << said.rule;
    EXPECT_EQ(said.inconclusive, one.inconclusive) << said.rule;
    EXPECT_EQ(said.rule, one.rule);
  }
  // 2023-11-19 was a Sunday.
  const TimestampMs sunday = parse_timestamp("2023-11-19T02:30:00Z").value();
  EXPECT_EQ(policy.waits_for_window(table, sunday), "");
  EXPECT_EQ(policy.waits_for_window(table, sunday + 3 * kHourMs), "maintenance window nights");
  EXPECT_EQ(policy.waits_for_window({"redis", "main"}, sunday + 3 * kHourMs), "");
}

TEST(PolicyFile, mistakes_are_told_with_their_place) {
  for (const char* bad :
       {"policy: []", "policy: {approve: auto}", "policy: {rules: [{approve: yes}]}",
        "policy: {rules: [{actions: [a]}]}", "policy: {rules: [{approve: auto, risk_max: none}]}",
        "policy: {rules: [{approve: auto, tiers: [7]}]}", "policy: {changes_per_hour: -1}",
        "policy: {inconclusive: maybe}",
        "policy: {rules: [{name: a, approve: auto}, {name: a, approve: auto}]}",
        "policy: {windows: [{name: n}]}", "policy: {rules: [1]}"}) {
    const auto policy = read(bad);
    ASSERT_FALSE(policy) << bad;
    EXPECT_NE(policy.error().message().find("trimtab.yaml:1"), std::string::npos) << policy.error().message();
  }
}

}  // namespace
}  // namespace trimtab::act
