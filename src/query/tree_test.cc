// SPDX-License-Identifier: Apache-2.0
// What is told about a query's text: its canonical form and its tree.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query/parser.h"
#include "query/pretty.h"
#include "query/tree_json.h"

namespace trimtab::promql {
namespace {

std::string pretty(std::string_view query) { return to_pretty_text(**parse(query)); }
std::string tree(std::string_view query) { return tree_json(**parse(query)); }

TEST(Pretty, short_queries_stay_on_one_line) {
  EXPECT_EQ(pretty("sum  by(job)(rate(up{a='b'}[5m]))"), "sum by (job) (rate(up{a=\"b\"}[5m]))");
}

TEST(Pretty, long_queries_break_at_operators_and_arguments) {
  const std::string text = pretty(
      "histogram_quantile(0.99, sum by (le, service_name) "
      "(rate(http_request_duration_seconds_bucket{job=\"a\"}[5m]))) "
      "> on (service_name) group_left (owner) service_objective_seconds");
  EXPECT_EQ(text,
            "  histogram_quantile(\n"
            "    0.99,\n"
            "    sum by (le, service_name) (rate(http_request_duration_seconds_bucket{job=\"a\"}[5m]))\n"
            "  )\n"
            "> on (service_name) group_left (owner)\n"
            "  service_objective_seconds");
  EXPECT_EQ(to_text(**parse(text)), to_text(**parse(to_text(**parse(text))))) << "reads back";
}

TEST(Pretty, a_hostile_length_is_answered_on_one_line) {
  std::string query = "1";
  for (int i = 0; i < 900; ++i) query += " + some_metric";
  EXPECT_THAT(pretty(query), testing::Not(testing::HasSubstr("\n")));
}

TEST(Tree, has_the_shape_of_prometheus) {
  EXPECT_EQ(
      tree("1 + up"),
      R"({"type":"binaryExpr","op":"+","lhs":{"type":"numberLiteral","val":"1"},"rhs":{"type":"vectorSelector",)"
      R"("name":"up","matchers":[{"name":"__name__","value":"up","type":"="}],"offset":0,"timestamp":null,)"
      R"("startOrEnd":null},"matching":null,"bool":false})");
  EXPECT_THAT(tree("rate(up[5m] offset 1m)"), testing::HasSubstr(R"("range":300000)"));
  EXPECT_THAT(tree("sum by (job) (up)"),
              testing::HasSubstr(R"("param":null,"grouping":["job"],"without":false)"));
  EXPECT_THAT(
      tree("a * on (x) group_left (y) b"),
      testing::HasSubstr(R"("matching":{"card":"many-to-one","labels":["x"],"on":true,"include":["y"]})"));
  EXPECT_THAT(tree("up @ end()"), testing::HasSubstr(R"("startOrEnd":"end")"));
  EXPECT_THAT(tree("round(up)"), testing::HasSubstr(R"("func":{"name":"round")"));
}

}  // namespace
}  // namespace trimtab::promql
