// SPDX-License-Identifier: Apache-2.0
#include "rules/rule_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace trimtab {
namespace {

std::vector<std::string> problems_of(std::string_view yaml) {
  std::vector<Error> problems;
  load_rule_text(yaml, "r.yml", problems);
  std::vector<std::string> out;
  for (const Error& problem : problems) out.push_back(problem.message());
  return out;
}

TEST(RuleFile, reads_prometheus_words) {
  std::vector<Error> problems;
  const auto groups = load_rule_text(R"(groups:
  - name: a
    interval: 30s
    query_offset: 1m
    limit: 5
    labels: {team: x, tier: "1"}
    rules:
      - record: job:up:sum
        expr: sum by (job) (up)
        labels: {tier: "2"}
      - alert: Down
        expr: up == 0
        for: 5m
        keep_firing_for: 10m
        labels: {severity: "{{ $labels.job }}"}
        annotations: {summary: "{{ $labels.instance }} is down: {{ $value | humanize }}"}
)",
                                     "r.yml", problems);
  ASSERT_TRUE(problems.empty()) << problems.front().message();
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0].interval_ms, 30'000);
  EXPECT_EQ(groups[0].query_offset_ms, 60'000);
  EXPECT_EQ(groups[0].limit, 5u);
  EXPECT_EQ(groups[0].key(), "r.yml;a");
  ASSERT_EQ(groups[0].rules.size(), 2u);
  const Rule& record = groups[0].rules[0];
  EXPECT_EQ(record.kind, Rule::Kind::kRecording);
  ASSERT_EQ(record.labels.size(), 2u) << "the rule's own label wins over the group's";
  EXPECT_EQ(record.labels[1].second.text(), "2");
  const Rule& alert = groups[0].rules[1];
  EXPECT_EQ(alert.kind, Rule::Kind::kAlerting);
  EXPECT_EQ(alert.line, 11);
  EXPECT_EQ(alert.for_ms, 300'000);
  EXPECT_EQ(alert.keep_firing_for_ms, 600'000);
  EXPECT_EQ(alert.annotations.size(), 1u);
  EXPECT_TRUE(problems_of("").empty());
  EXPECT_TRUE(problems_of("groups:\n").empty());
}

TEST(RuleFile, every_problem_is_told_with_its_line) {
  const std::pair<const char*, const char*> cases[] = {
      {"groups: [{name: a, rules: [{record: x}]}]", "r.yml:1: groups[0].rules[0]: expr is missing"},
      {"groups:\n- name: a\n  rules:\n  - record: x\n    expr: sum(",
       "r.yml:5: groups[0].rules[0].expr: 1:5: parse error"},
      {"groups: [{name: a, rules: [{record: x, expr: 'up[5m]'}]}]",
       "a rule needs a scalar or an instant vector"},
      {"groups: [{name: a, rules: [{expr: up}]}]", "one of record and alert must be set"},
      {"groups: [{name: a, rules: [{record: x, alert: y, expr: up}]}]", "only one of record and alert"},
      {"groups: [{name: a, rules: [{record: x, expr: up, for: 5m}]}]", "belongs to alerting rules"},
      {"groups: [{name: a, rules: [{record: x, expr: up, annotations: {a: b}}]}]",
       "belongs to alerting rules"},
      {"groups: [{name: a, rules: [{record: x, expr: up, labels: {a: '{{ $value }}'}}]}]", "no templates"},
      {"groups: [{name: a, rules: [{alert: x, expr: up, labels: {__name__: b}}]}]", "__name__"},
      {"groups: [{name: a, rules: [{alert: x, expr: up, for: soon}]}]", "\"soon\" is not a duration"},
      {"groups: [{name: a, rules: [{alert: x, expr: up, annotations: {s: '{{ query \"up\" }}'}}]}]",
       "annotations.s: template: column 4: \"query\" is not supported"},
      {"groups: [{name: a, rules: [{alert: x, expr: up, sverity: page}]}]", "sverity"},
      {"groups: [{name: a, interval: 1ms}]", "below the minimum"},
      {"groups: [{name: a, limit: -1}]", "limit"},
      {"groups: [{rules: []}]", "name is missing"},
      {"groups: [{name: a}, {name: a}]", "stands twice"},
      {"groups: [{name: a, rules: [{record: x, expr: up}, {record: x, expr: up}]}]", "duplicate rule: x"},
      {"rules: []", "rules"},
      {"- a", "expected a map"},
      {"groups: [5]", "expected a map"},
      {"\t:", "r.yml"},
  };
  for (const auto& [yaml, words] : cases)
    EXPECT_THAT(problems_of(yaml), testing::ElementsAre(testing::HasSubstr(words))) << yaml;
  EXPECT_EQ(
      problems_of("groups: [{name: a, rules: [{record: x}, {alert: y}, {record: ok, expr: up}]}]").size(),
      2u);
}

TEST(RuleFile, rules_that_differ_in_a_label_are_no_duplicates) {
  EXPECT_TRUE(
      problems_of("groups: [{name: a, rules: [{alert: x, expr: up, labels: {s: a}}, {alert: x, expr: up, "
                  "labels: {s: b}}]}]")
          .empty());
}

TEST(RuleFile, globs_are_relative_to_the_folder_and_sorted) {
  const std::string folder = testing::TempDir() + "trimtab_rule_files_" + std::to_string(::getpid());
  std::filesystem::create_directories(folder + "/rules");
  for (const char* name : {"/rules/b.yml", "/rules/a.yml", "/one.yml"})
    std::ofstream(folder + name) << "groups: []\n";
  EXPECT_THAT(*find_rule_files({"rules/*.yml", "one.yml", "none/*.yml"}, folder),
              testing::ElementsAre(folder + "/one.yml", folder + "/rules/a.yml", folder + "/rules/b.yml"));
  EXPECT_EQ(find_rule_files({"missing.yml"}, folder).error().code(), ErrorCode::kNotFound);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace trimtab
