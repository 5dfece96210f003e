// SPDX-License-Identifier: Apache-2.0
#include "query/functions.h"

#include <gtest/gtest.h>

#include "query/engine/engine_testlib.h"

namespace trimtab::promql {
namespace {

TEST_F(Corpus, functions_of_one_value) {
  load("m{a=\"x\"} -1.5\nq 0.25\nn NaN\ni +Inf\nz -0");
  check_at(0, {{"abs(m)", "{a=\"x\"} 1.5"},
               {"ceil(m)", "{a=\"x\"} -1"},
               {"floor(m)", "{a=\"x\"} -2"},
               {"round(m)", "{a=\"x\"} -1"},
               {"round(q, 0.1)", "{} 0.3"},
               {"round(q, 0)", "{} NaN"},
               {"sgn(m)", "{a=\"x\"} -1"},
               {"sgn(z)", "{} -0"},
               {"sgn(n)", "{} NaN"},
               {"sqrt(q)", "{} 0.5"},
               {"sqrt(m)", "{a=\"x\"} NaN"},
               {"exp(q)", "{} 1.284025417"},
               {"ln(q)", "{} -1.386294361"},
               {"ln(z)", "{} -Inf"},
               {"log2(q)", "{} -2"},
               {"log10(q)", "{} -0.6020599913"},
               {"clamp(m, 0, 1)", "{a=\"x\"} 0"},
               {"clamp(m, 1, 0)", ""},
               {"clamp(n, 0, 1)", "{} NaN"},
               {"clamp_min(m, NaN)", "{a=\"x\"} NaN"},
               {"clamp_max(i, 3)", "{} 3"},
               {"clamp_min(q, 3)", "{} 3"},
               {"sin(q)", "{} 0.2474039593"},
               {"cos(q)", "{} 0.9689124217"},
               {"tan(q)", "{} 0.2553419212"},
               {"asin(q)", "{} 0.2526802551"},
               {"acos(q)", "{} 1.318116072"},
               {"atan(q)", "{} 0.2449786631"},
               {"sinh(q)", "{} 0.2526123168"},
               {"cosh(q)", "{} 1.0314131"},
               {"tanh(q)", "{} 0.2449186624"},
               {"asinh(q)", "{} 0.2474664615"},
               {"acosh(i)", "{} +Inf"},
               {"atanh(q)", "{} 0.2554128119"},
               {"deg(q)", "{} 14.32394488"},
               {"rad(q)", "{} 0.00436332313"},
               {"-m", "{a=\"x\"} 1.5"},
               {"+m", "m{a=\"x\"} -1.5"},
               {"pi()", "{} 3.141592654"},
               {"scalar(q)", "{} 0.25"},
               {"scalar({__name__=~\".+\"})", "{} NaN"},
               {"vector(1)", "{} 1"},
               {"time()", "{} 0"}});
}

TEST_F(Corpus, dates) {
  // 2024-02-29T13:45:10Z, a Thursday and the 60th day of a leap year.
  load("t 1709214310.9\nbig 1e300\nold -1");
  check_at(0, {{"minute(t)", "{} 45"},
               {"hour(t)", "{} 13"},
               {"day_of_month(t)", "{} 29"},
               {"day_of_week(t)", "{} 4"},
               {"day_of_year(t)", "{} 60"},
               {"days_in_month(t)", "{} 29"},
               {"month(t)", "{} 2"},
               {"year(t)", "{} 2024"},
               {"year(big)", "{} NaN"},
               {"year(old)", "{} 1969"},
               {"day_of_week()", "{} 4"},
               {"hour(vector(3600))", "{} 1"}});
  EXPECT_EQ(over(0, 7200, 3600, "hour()"), "{} 0 1 2");
}

TEST_F(Corpus, times_of_samples) {
  load("m 1 2 3", 15 * kSecondMs);
  EXPECT_EQ(over(0, 40, 20, "timestamp(m)"), "{} 0 15 30");
  EXPECT_EQ(over(0, 40, 20, "timestamp((m))"), "{} 0 15 30");
  EXPECT_EQ(over(0, 40, 20, "timestamp(m + 0)"), "{} 0 20 40");
  EXPECT_EQ(over(20, 40, 20, "timestamp(m offset 10s)"), "{} 0 30");
  EXPECT_EQ(over(20, 40, 20, "timestamp(m @ 16)"), "{} 15 15");
  EXPECT_EQ(over(20, 40, 20, "timestamp(timestamp(m))"), "{} 20 40");
  EXPECT_EQ(over(20, 40, 20, "time() - 20"), "{} 0 20");
}

TEST_F(Corpus, absence) {
  load("m{a=\"x\"} 1 stale 3");
  EXPECT_EQ(over(0, 120, 60, "absent(m)"), "{} _ 1 _");
  check_at(0, {{"absent(nope)", "{} 1"},
               {"absent(nope{a=\"1\",b!=\"2\",c=~\"3\"})", "{a=\"1\"} 1"},
               {"absent(nope{a=\"1\",a=\"2\",b=\"3\"})", "{b=\"3\"} 1"},
               {"absent(sum(nope{a=\"1\"}))", "{} 1"},
               {"absent(m{a=\"x\"})", ""}});
}

TEST_F(Corpus, sorting) {
  load("m{a=\"a10\",b=\"1\"} 2\nm{a=\"a2\",b=\"1\"} NaN\nm{a=\"a1\",b=\"2\"} 3\nm{a=\"a1\",b=\"1\"} 1");
  check_at(
      0, {{"sort(sum by (a) (m))", "{a=\"a10\"} 2\n{a=\"a1\"} 4\n{a=\"a2\"} NaN"},
          {"sort_desc(sum by (a) (m))", "{a=\"a1\"} 4\n{a=\"a10\"} 2\n{a=\"a2\"} NaN"},
          {"sort_by_label(sum by (a) (m), \"a\")", "{a=\"a1\"} 4\n{a=\"a2\"} NaN\n{a=\"a10\"} 2"},
          {"sort_by_label_desc(sum by (a) (m), \"a\")", "{a=\"a10\"} 2\n{a=\"a2\"} NaN\n{a=\"a1\"} 4"},
          {"sort_by_label(m, \"b\", \"a\")",
           "m{a=\"a1\",b=\"1\"} 1\nm{a=\"a2\",b=\"1\"} NaN\nm{a=\"a10\",b=\"1\"} 2\nm{a=\"a1\",b=\"2\"} 3"}});
}

TEST_F(Corpus, labels_are_replaced_and_joined) {
  load("m{a=\"web-12\",b=\"y\"} 1\nk{a=\"web-13\",b=\"y\"} 1");
  check_at(
      0,
      {{R"q(label_replace(m, "n", "$2-$1", "a", "(.*)-(\\d+)"))q", "m{a=\"web-12\",b=\"y\",n=\"12-web\"} 1"},
       {R"q(label_replace(m, "n", "${x}!", "a", "(?P<x>[a-z]+)-.*"))q",
        "m{a=\"web-12\",b=\"y\",n=\"web!\"} 1"},
       {R"q(label_replace(m, "n", "v", "a", "web"))q", "m{a=\"web-12\",b=\"y\"} 1"},  // anchored
       {R"q(label_replace(m, "b", "", "a", ".*"))q", "m{a=\"web-12\"} 1"},
       {R"q(label_replace(m, "n", "$$x$3", "nope", ""))q", "m{a=\"web-12\",b=\"y\",n=\"$x\"} 1"},
       {R"q(label_replace(m, "__name__", "z", "a", ".*"))q", "z{a=\"web-12\",b=\"y\"} 1"},
       {R"q(label_replace(m, "", "z", "a", ".*"))q",
        "invalid: 1:1: invalid destination label name in label_replace(): \"\""},
       {R"q(label_join(m, "n", "/", "a", "nope", "b"))q", "m{a=\"web-12\",b=\"y\",n=\"web-12//y\"} 1"},
       {R"q(label_join(m, "a", ""))q", "m{b=\"y\"} 1"},
       {R"(label_replace({b="y"}, "a", "", "a", ".*") * 1)",
        "invalid: vector cannot contain metrics with the same labelset: {b=\"y\"}"}});
  EXPECT_NE(
      at(0, R"q(label_replace(m, "n", "", "a", "("))q").find("invalid regular expression in label_replace()"),
      std::string::npos);
}

TEST_F(Corpus, classic_histograms) {
  load(R"(h_bucket{le="0.1"} 10
h_bucket{le="1"} 30
h_bucket{le="1e1"} 40
h_bucket{le="+Inf"} 40
torn_bucket{le="1"} 10
torn_bucket{le="2"} 5
torn_bucket{le="+Inf"} 20
open_bucket{le="1"} 10
none_bucket{le="1"} 0
none_bucket{le="+Inf"} 0
low_bucket{le="-1"} 5
low_bucket{le="+Inf"} 10
odd_bucket{le="x"} 1
odd_bucket 2)");
  check_at(
      0, {{"histogram_quantile(0.5, h_bucket)", "{} 0.55"},
          {"histogram_quantile(0, h_bucket)", "{} 0"},
          {"histogram_quantile(0.1, h_bucket)", "{} 0.04"},
          {"histogram_quantile(1, h_bucket)", "{} 10"},
          {"histogram_quantile(0.9, torn_bucket)",
           "{} 2\nPromQL info: input to histogram_quantile needed to be fixed for monotonicity (see "
           "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile) (1:25)"},
          {"histogram_quantile(0.5, open_bucket)", "{} NaN"},
          {"histogram_quantile(0.5, none_bucket)", "{} NaN"},
          {"histogram_quantile(0.1, low_bucket)", "{} -1"},
          {"histogram_quantile(0.5, sum by (le) (h_bucket))", "{} 0.55"},
          {"histogram_quantile(1.5, h_bucket)",
           "{} +Inf\nPromQL warning: quantile value should be between 0 and 1, got 1.5 (1:20)"},
          {"histogram_quantile(0.5, odd_bucket)",
           "PromQL warning: bucket label \"le\" is missing or has a malformed value of \"\" for metric name "
           "\"odd_bucket\" (1:25)\nPromQL warning: bucket label \"le\" is missing or has a malformed value "
           "of \"x\" "
           "for metric name \"odd_bucket\" (1:25)"},
          {"histogram_fraction(0, 1, h_bucket)", "{} 0.75"},
          {"histogram_fraction(0.05, 0.55, h_bucket)", "{} 0.375"},
          {"histogram_fraction(-Inf, +Inf, h_bucket)", "{} 1"},
          {"histogram_fraction(1, 0, h_bucket)", "{} 0"},
          {"histogram_fraction(0, 100, h_bucket)", "{} 1"},
          {"histogram_fraction(0, NaN, h_bucket)", "{} NaN"},
          {"histogram_fraction(0, 1, none_bucket)", "{} NaN"}});
}

// A function without a body ends the process: each must at least answer.
TEST_F(Corpus, every_function_has_a_body) {
  load("m{le=\"1\"} 1 2 3\nm{le=\"+Inf\"} 2 3 4");
  for (const Function& f : all_functions()) {
    std::string arguments;
    for (const ValueType type : f.arguments) {
      arguments += arguments.empty() ? "" : ", ";
      switch (type) {
        case ValueType::kMatrix: arguments += "m[5m]"; break;
        case ValueType::kScalar: arguments += "0.5"; break;
        case ValueType::kString: arguments += "\"le\""; break;
        default: arguments += "m"; break;
      }
    }
    const std::string query = fmt::format("{}({})", f.name, arguments);
    EXPECT_TRUE(run(store_, query, QueryWindow::at(120'000))) << query << " " << at(120, query);
    EXPECT_TRUE(run(store_, query, QueryWindow::over(0, 120'000, 30'000))) << query;
  }
}

}  // namespace
}  // namespace trimtab::promql
