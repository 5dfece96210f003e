// SPDX-License-Identifier: Apache-2.0
#include "ingest/scrape/relabel.h"

#include <gtest/gtest.h>

namespace trimtab {
namespace {

struct Case {
  const char* name;
  const char* rules;  // the list under relabel_configs
  LabelMap before;
  LabelMap after;  // what is left; ignored when dropped
  bool kept = true;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"defaults_copy_the_joined_value",
       "[{source_labels: [a, b], target_label: c}]",
       {{"a", "1"}, {"b", "2"}},
       {{"a", "1"}, {"b", "2"}, {"c", "1;2"}}},
      {"absent_sources_join_as_empty",
       "[{source_labels: [x, b], separator: '-', target_label: c}]",
       {{"b", "2"}},
       {{"b", "2"}, {"c", "-2"}}},
      {"replace_without_match_changes_nothing",
       "[{source_labels: [a], regex: 'z.*', target_label: c, replacement: x}]",
       {{"a", "1"}},
       {{"a", "1"}}},
      {"replace_matches_the_whole_value",
       "[{source_labels: [a], regex: 'b', target_label: c, replacement: x}]",
       {{"a", "abc"}},
       {{"a", "abc"}}},
      {"replace_expands_groups_by_number_and_name",
       "[{source_labels: [a], regex: '(\\w+):(?P<port>\\d+)', target_label: c, replacement: "
       "'${2}-$port-$1'}]",
       {{"a", "host:80"}},
       {{"a", "host:80"}, {"c", "80-80-host"}}},
      {"a_bare_group_name_is_as_long_as_it_can_be",
       "[{source_labels: [a], regex: '(.*)', target_label: c, replacement: '$1x'}]",
       {{"a", "v"}, {"c", "old"}},
       {{"a", "v"}}},
      {"dollar_dollar_and_lone_dollar", "[{target_label: c, replacement: '$$1-$-'}]", {}, {{"c", "$1-$-"}}},
      {"replace_with_an_empty_value_removes", "[{target_label: c, replacement: ''}]", {{"c", "1"}}, {}},
      {"replace_expands_the_target",
       "[{source_labels: [a], regex: '(.*)', target_label: 'x_${1}', replacement: y}]",
       {{"a", "k"}},
       {{"a", "k"}, {"x_k", "y"}}},
      {"replace_to_an_invalid_name_changes_nothing",
       "[{source_labels: [a], target_label: '${1}', replacement: y}]",
       {{"a", "no-name"}},
       {{"a", "no-name"}}},
      {"dot_matches_line_breaks",
       "[{source_labels: [a], regex: 'a.b', target_label: c, replacement: y}]",
       {{"a", "a\nb"}},
       {{"a", "a\nb"}, {"c", "y"}}},
      {"keep_that_matches", "[{action: keep, source_labels: [a], regex: '1|2'}]", {{"a", "2"}}, {{"a", "2"}}},
      {"keep_that_does_not", "[{action: keep, source_labels: [a], regex: '1|2'}]", {{"a", "12"}}, {}, false},
      {"drop_that_matches", "[{action: drop, source_labels: [a], regex: '1.*'}]", {{"a", "12"}}, {}, false},
      {"drop_that_does_not",
       "[{action: drop, source_labels: [a], regex: '2'}]",
       {{"a", "12"}},
       {{"a", "12"}}},
      {"actions_read_in_any_case",
       "[{action: DROP, source_labels: [a], regex: '1.*'}]",
       {{"a", "12"}},
       {},
       false},
      {"keepequal_equal",
       "[{action: keepequal, source_labels: [a], target_label: b}]",
       {{"a", "1"}, {"b", "1"}},
       {{"a", "1"}, {"b", "1"}}},
      {"keepequal_other",
       "[{action: keepequal, source_labels: [a], target_label: b}]",
       {{"a", "1"}, {"b", "2"}},
       {},
       false},
      {"dropequal_equal",
       "[{action: dropequal, source_labels: [a], target_label: b}]",
       {{"a", "1"}, {"b", "1"}},
       {},
       false},
      {"dropequal_other",
       "[{action: dropequal, source_labels: [a], target_label: b}]",
       {{"a", "1"}, {"b", "2"}},
       {{"a", "1"}, {"b", "2"}}},
      {"labelmap_copies",
       "[{action: labelmap, regex: '__meta_(.+)'}]",
       {{"__meta_zone", "z"}, {"a", "1"}},
       {{"__meta_zone", "z"}, {"a", "1"}, {"zone", "z"}}},
      {"labelmap_with_replacement",
       "[{action: labelmap, regex: 'm_(.+)', replacement: 'n_${1}'}]",
       {{"m_x", "z"}},
       {{"m_x", "z"}, {"n_x", "z"}}},
      {"labeldrop",
       "[{action: labeldrop, regex: 'b.*'}]",
       {{"a", "1"}, {"b", "2"}, {"bc", "3"}},
       {{"a", "1"}}},
      {"labelkeep",
       "[{action: labelkeep, regex: 'b.*'}]",
       {{"a", "1"}, {"b", "2"}, {"bc", "3"}},
       {{"b", "2"}, {"bc", "3"}}},
      {"lowercase",
       "[{action: lowercase, source_labels: [a], target_label: b}]",
       {{"a", "AbÄ"}},
       {{"a", "AbÄ"}, {"b", "abÄ"}}},
      {"uppercase",
       "[{action: uppercase, source_labels: [a], target_label: a}]",
       {{"a", "aB1"}},
       {{"a", "AB1"}}},
      // The two values below were computed with another MD5 program.
      {"hashmod",
       "[{action: hashmod, source_labels: [c], target_label: d, modulus: 1000}]",
       {{"c", "baz"}},
       {{"c", "baz"}, {"d", "976"}}},
      {"hashmod_of_joined_values",
       "[{action: hashmod, source_labels: [a, b], target_label: d, modulus: 2}]",
       {{"a", "foo"}, {"b", "bar"}},
       {{"a", "foo"}, {"b", "bar"}, {"d", "0"}}},
      {"rules_run_in_order",
       "[{source_labels: [a], target_label: __tmp}, {source_labels: [__tmp], regex: '(.).*', target_label: "
       "b}, "
       "{action: labeldrop, regex: __tmp}]",
       {{"a", "xyz"}},
       {{"a", "xyz"}, {"b", "x"}}},
  };
  return all;
}

TEST(Relabel, every_action_does_what_prometheus_says) {
  for (const Case& test : cases()) {
    const auto rules = read_relabel_rules(Yaml::parse(test.rules, test.name).value());
    ASSERT_TRUE(rules) << test.name << ": " << rules.error().message();
    LabelMap labels = test.before;
    EXPECT_EQ(relabel(*rules, labels), test.kept) << test.name;
    if (test.kept) {
      EXPECT_EQ(labels, test.after) << test.name;
    }
  }
}

TEST(Relabel, wrong_rules_are_refused_with_their_place) {
  for (const char* bad :
       {"[{action: nothing}]", "[{action: replace}]",
        "[{action: hashmod, target_label: a, source_labels: [b]}]",
        "[{action: hashmod, target_label: a, modulus: -1}]", "[{action: keep, regex: '('}]",
        "[{action: labeldrop, regex: a, source_labels: [b]}]", "[{action: labelkeep, target_label: b}]",
        "[{action: keepequal, source_labels: [a], target_label: b, regex: c}]",
        "[{source_labels: ['a-b'], target_label: c}]", "[{target_label: 'a-b'}]",
        "[{action: lowercase, source_labels: [a], target_label: '${1}'}]",
        "[{action: labelmap, regex: a, replacement: 'a-b'}]", "[{target_label: a, modulus: 7}]",
        "[{oops: 1}]", "[1]", "{a: b}",
        "[{action: keep, regex: '((((a{1,1000}){1,1000}){1,1000}){1,1000})'}]"}) {
    const auto rules = read_relabel_rules(Yaml::parse(bad, "x.yml").value());
    ASSERT_FALSE(rules) << bad;
    EXPECT_TRUE(rules.error().message().starts_with("x.yml:")) << rules.error().message();
  }
}

}  // namespace
}  // namespace trimtab
