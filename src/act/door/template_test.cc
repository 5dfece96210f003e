// SPDX-License-Identifier: Apache-2.0
#include "act/door/template.h"

#include <gtest/gtest.h>

namespace trimtab::act {
namespace {

std::string filled(std::string_view text, Quoting quoting, const std::string& value) {
  const auto out = Template(text, quoting).fill({{"x", value}});
  return out ? *out : "refused: " + out.error().message();
}

TEST(Template, values_replace_their_place_holders_and_are_never_read_again) {
  const Template text("{{a}}-{{b}}{{a}}", Quoting::kNone);
  EXPECT_EQ(text.names(), (std::set<std::string>{"a", "b"}));
  EXPECT_EQ(text.fill({{"a", "{{b}}"}, {"b", "2"}}), "{{b}}-2{{b}}");
}

TEST(Template, other_braces_stay_as_they_are) {
  for (const std::string text : {"{{.Names}}", "{{ x }}", "{{x}", "{x}", "{{}}", "{{", "{{x|upper}}", ""}) {
    EXPECT_EQ(filled(text, Quoting::kNone, "V"), text);
    EXPECT_TRUE(Template(text, Quoting::kNone).names().empty()) << text;
  }
  EXPECT_EQ(filled("{\"a\":{\"b\":{{x}}}}", Quoting::kNone, "1"), "{\"a\":{\"b\":1}}");
  EXPECT_EQ(filled("{{{x}}}", Quoting::kNone, "1"), "{1}");
}

TEST(Template, a_value_starts_no_option) {
  EXPECT_TRUE(filled("{{x}}", Quoting::kArgument, "--force").starts_with("refused: {{x}}"));
  EXPECT_TRUE(filled("{{x}}", Quoting::kArgument, "-1").starts_with("refused"));
  EXPECT_EQ(filled("--size={{x}}", Quoting::kArgument, "-1"), "--size=-1");
  EXPECT_EQ(filled("{{x}}", Quoting::kArgument, "a -b"), "a -b");
  // An empty value before it does not open the door.
  EXPECT_FALSE(Template("{{a}}{{b}}", Quoting::kArgument).fill({{"a", ""}, {"b", "-rf"}}));
}

TEST(Template, a_value_in_json_stays_inside_its_string_or_is_one_value) {
  const std::string text = R"({"quoted": "a \" {{x}}", "bare": 1})";
  EXPECT_EQ(filled(text, Quoting::kJson, "\", \"admin\": \"\n"),
            R"({"quoted": "a \" \", \"admin\": \"\n", "bare": 1})");
  const std::string bare = R"({"n": {{x}}})";
  EXPECT_EQ(filled(bare, Quoting::kJson, "17"), R"({"n": 17})");
  EXPECT_EQ(filled(bare, Quoting::kJson, "[1, {}]"), R"({"n": [1, {}]})");
  for (const std::string hostile : {"1, \"admin\": true", "1}", "", "word", "\"", "1 2"}) {
    EXPECT_TRUE(filled(bare, Quoting::kJson, hostile).starts_with("refused")) << hostile;
  }
  EXPECT_TRUE(filled(text, Quoting::kJson, "\xff").starts_with("refused"));
}

TEST(Template, json_inside_an_argument_is_asked_for_by_name) {
  EXPECT_EQ(filled(R"({"image": "{{x|json}}"})", Quoting::kArgument, "a\"b"), R"({"image": "a\"b"})");
}

TEST(Template, a_value_in_a_url_is_encoded) {
  EXPECT_EQ(filled("http://h/f/{{x}}?v={{x}}", Quoting::kUrl, "a/b&c=d#e"),
            "http://h/f/a%2Fb%26c%3Dd%23e?v=a%2Fb%26c%3Dd%23e");
}

}  // namespace
}  // namespace trimtab::act
