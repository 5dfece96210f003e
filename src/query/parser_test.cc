// SPDX-License-Identifier: Apache-2.0
#include "query/parser.h"

#include <gtest/gtest.h>

#include <string>

#include "query/functions.h"

namespace trimtab::promql {
namespace {

std::string text(std::string_view query) {
  const auto expr = parse(query);
  return expr ? to_text(**expr) : "error " + expr.error().message();
}

TEST(Parser, canonical_text_of_every_construct) {
  const std::pair<const char*, const char*> cases[] = {
      {"up", "up"},
      {"up{job=\"a\" , b!~'c.*',}", "up{job=\"a\",b!~\"c.*\"}"},
      {R"({"utf8.metric", "utf8.label"="x"})", R"({"utf8.metric","utf8.label"="x"})"},
      {"1 + 2 * 3 ^ 2 ^ 1", "1 + 2 * 3 ^ 2 ^ 1"},
      {"-2 ^ 2", "-2 ^ 2"},
      {"0x1F + 010 + 1_000 + 5m", "31 + 8 + 1000 + 300"},
      {"sum by (a, b) (rate(x[5m]))", "sum by (a, b) (rate(x[5m]))"},
      {"sum(rate(x[5m])) without (le)", "sum without (le) (rate(x[5m]))"},
      {"topk(3, x)", "topk(3, x)"},
      {"x offset -5m", "x offset -5m"},
      {"x[5m] @ 1700000000.5 offset 1h", "x[5m] @ 1700000000.500 offset 1h"},
      {"x @ start()", "x @ start()"},
      {"max_over_time(rate(x[1m])[1h:5m] @ end())", "max_over_time(rate(x[1m])[1h:5m] @ end())"},
      {"x[300]", "x[5m]"},
      {"a * on (i) group_left (v) b", "a * on (i) group_left (v) b"},
      {"a > bool 1", "a > bool 1"},
      {"a and ignoring (x) b or c unless d", "a and ignoring (x) b or c unless d"},
      {"sum{a=\"b\"}", "sum{a=\"b\"}"},
      {"job:up:sum", "job:up:sum"},
      {"# comment\nup", "up"},
      {R"(label_replace(x, "a", "$1", "b", `(.*)\d`))", R"(label_replace(x, "a", "$1", "b", "(.*)\\d"))"},
  };
  for (const auto& [query, wanted] : cases) EXPECT_EQ(text(query), wanted) << query;
}

TEST(Parser, errors_name_the_place) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "1:1: parse error: no expression found"},
      {"sum(rate(x[5m])", "1:16: parse error: unexpected end of input"},
      {"up{job=\"a\"}}", "1:12: parse error: unexpected \"}\""},
      {"{}", "1:1: parse error: vector selector must contain"},
      {"{a=~\".*\"}", "vector selector must contain"},
      {"x[0s]", "1:3: parse error: duration must be greater than 0"},
      {"1 > 2", "must use BOOL modifier"},
      {"1 and 2", "set operator"},
      {"x + on(a) group_left(a) y", "must not occur in ON and GROUP"},
      {"nope(x)", "unknown function with name \"nope\""},
      {"rate(x)", "expected type range vector in call to function \"rate\", got instant vector"},
      {"rate(x[5m], 1)", "expected 1 argument(s)"},
      {"1\n+ \"a", "2:3: parse error: unterminated"},
      {"x offset 5m offset 5m", "may not be set multiple times"},
      {"x[5m:]", ""},
      {"1 offset 5m", "offset modifier must be preceded"},
      {"histogram_avg(x)", "native histograms"},
      {"a{__name__=\"b\"}", "metric name must not be set twice"},
  };
  for (const auto& [query, wanted] : cases) {
    const auto expr = parse(query);
    if (std::string_view(wanted).empty()) {
      EXPECT_TRUE(expr) << query << ": " << expr.error().message();
      continue;
    }
    ASSERT_FALSE(expr) << query;
    EXPECT_NE(expr.error().message().find(wanted), std::string::npos)
        << query << ": " << expr.error().message();
  }
}

TEST(Parser, nesting_and_size_are_bounded) {
  EXPECT_EQ(parse(std::string(5000, '(') + "1" + std::string(5000, ')')).error().code(), ErrorCode::kLimit);
  std::string wide = "1";
  for (int i = 0; i < 200'000; ++i) wide += "+1";
  EXPECT_FALSE(parse(wide));
  EXPECT_FALSE(parse(std::string(10'000, '-') + "1"));
}

TEST(Functions, the_table_is_sorted_for_its_search) {
  for (const Function& f : all_functions()) EXPECT_EQ(find_function(f.name), &f) << f.name;
}

TEST(Parser, a_metrics_name_stands_once_in_whatever_order) {
  for (const char* query : {R"({"a", __name__=""})", R"({__name__="", "a"})", R"(a{__name__="a"})",
                            R"({__name__!="b", "a"})", R"({"a", "b"})", R"(a{"b"})"}) {
    const auto expr = parse(query);
    ASSERT_FALSE(expr.has_value()) << query;
    EXPECT_NE(expr.error().message().find("metric name must not be set twice"), std::string::npos) << query;
  }
  EXPECT_TRUE(parse(R"({__name__=~"a.*", __name__!="ab"})").has_value());
}

TEST(Parser, a_name_may_start_with_a_colon_wherever_it_stands) {
  for (const char* query : {":a", " :a", "1 + :a:b", "sum(:a)", "(:a)[5m:1m]", ":a[5m:]"}) {
    const auto expr = parse(query);
    ASSERT_TRUE(expr.has_value()) << query << ": " << expr.error().message();
    const std::string text = to_text(**expr);
    const auto again = parse(text);
    ASSERT_TRUE(again.has_value()) << text;
    EXPECT_EQ(to_text(**again), text);
  }
  EXPECT_FALSE(parse("a[5m :b]").has_value());
}

}  // namespace
}  // namespace trimtab::promql
