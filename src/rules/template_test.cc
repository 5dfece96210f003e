// SPDX-License-Identifier: Apache-2.0
#include "rules/template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "rules/go_format.h"

namespace trimtab {
namespace {

const Labels kLabels = {{"instance", "db-1"}, {"share", "0.25"}};
const Labels kExternal = {{"cluster", "east"}};

std::string expanded(std::string_view text, double value = 1234567) {
  const auto parsed = Template::parse(text);
  if (!parsed) return "refused: " + parsed.error().message();
  const auto out = parsed->expand({.labels = kLabels, .external = kExternal, .value = value});
  return out ? *out : "failed: " + out.error().message();
}

TEST(Template, what_is_supported_expands_as_prometheus_does) {
  const std::pair<const char*, const char*> cases[] = {
      {"plain text", "plain text"},
      {"", ""},
      {"{{ $value }}", "1.234567e+06"},
      {"{{.Value}}", "1.234567e+06"},
      {"{{ $labels.instance }} is down", "db-1 is down"},
      {"{{ .Labels.instance }}{{ $labels.missing }}!", "db-1!"},
      {"{{ $externalLabels.cluster }}", "east"},
      {"{{ humanize $value }}", "1.235M"},
      {"{{ $value | humanize }}", "1.235M"},
      {"{{ $value | humanize1024 }}", "1.177Mi"},
      {"{{ humanizeDuration $value }}", "14d 6h 56m 7s"},
      {"{{ $labels.share | humanizePercentage }}", "25%"},
      {"{{ printf \"%.2f\" $value }}", "1234567.00"},
      {"{{ $value | printf \"%.1f%%\" }}", "1234567.0%"},
      {"{{ printf \"%s has %8.1f|%-6s|\" $labels.instance $value \"x\" }}", "db-1 has 1234567.0|x     |"},
      {"{{ printf \"%v\" $value }}", "1.234567e+06"},
      {"{{ printf `%q` $labels.instance }}", "\"db-1\""},
      {"{{ $value | humanize | toUpper }}", "1.235M"},
      {"{{ \"two words\" | title }}", "Two Words"},
      {"a {{- $labels.instance -}} b", "adb-1b"},
      {"{{ -5 }}", "-5"},
  };
  for (const auto& [text, want] : cases) EXPECT_EQ(expanded(text), want) << text;
}

TEST(Template, everything_else_is_refused_when_it_is_read_with_the_column) {
  const std::pair<const char*, const char*> cases[] = {
      {"x {{ if $value }}y{{ end }}", "column 6: \"if\" is not supported"},
      {"{{ range query \"up\" }}", "\"range\" is not supported"},
      {"{{ query \"up\" | first }}", "\"query\" is not supported"},
      {"{{ $labels }}", "\"$labels\" is not supported"},
      {"{{ $foo }}", "\"$foo\" is not supported"},
      {"{{ . }}", "\".\" is not supported"},
      {"{{ $value", "expected }}"},
      {"{{ $value humanize }}", "is not supported"},
      {"{{ }}", "expected one value"},
      {"{{ $value | 5 }}", "expected a function behind"},
      {"{{ humanize }}", "takes one argument"},
      {"{{ printf $value }}", "takes a format in quotes"},
      {"{{ printf \"%d\" $value }}", "\"%d\" is not supported"},
      {"{{ printf \"%f\" $labels.x }}", "of a text"},
      {"{{ printf \"%f\" }}", "has 1 verbs, but 0 values"},
      {"{{ printf \"%\" $value }}", "is not supported"},
      {"{{ \"open }}", "a quote that does not end"},
      {"{{ \"a\\x\" }}", "escape"},
      {"{{ (humanize $value) }}", "is not supported"},
      {"{{/* comment */}}", "is not supported"},
  };
  for (const auto& [text, words] : cases)
    EXPECT_THAT(expanded(text),
                testing::AllOf(testing::StartsWith("refused: template: column "), testing::HasSubstr(words)))
        << text;
  EXPECT_THAT(expanded(std::string(70'000, 'x')), testing::StartsWith("refused: "));
}

TEST(Template, a_text_that_is_no_number_can_not_be_humanized) {
  EXPECT_EQ(expanded("{{ humanize $labels.instance }}"), "failed: humanize: \"db-1\" is not a number");
}

TEST(GoFormat, numbers_for_people) {
  const double inf = std::numeric_limits<double>::infinity();
  const std::pair<std::string, const char*> cases[] = {
      {go_float(0), "0"},
      {go_float(100000), "100000"},
      {go_float(1e6), "1e+06"},
      {go_float(0.0001), "0.0001"},
      {go_float(0.00001), "1e-05"},
      {go_float(inf), "+Inf"},
      {go_float(std::nan("")), "NaN"},
      {go_exponent(1), "1e+00"},
      {go_exponent(12.5), "1.25e+01"},
      {humanize(0), "0"},
      {humanize(999), "999"},
      {humanize(1000), "1k"},
      {humanize(-0.002), "-2m"},
      {humanize(inf), "+Inf"},
      {humanize_1024(2048), "2ki"},
      {humanize_1024(1), "1"},
      {humanize_duration(0), "0s"},
      {humanize_duration(0.1), "100ms"},
      {humanize_duration(59.5), "59.5s"},
      {humanize_duration(3725), "1h 2m 5s"},
      {humanize_duration(-60), "-1m 0s"},
      {humanize_duration(1e300), "1e+300s"},
      {humanize_percentage(0.12345), "12.35%"},
      {humanize_percentage(1), "100%"},
  };
  for (const auto& [got, want] : cases) EXPECT_EQ(got, want);
}

}  // namespace
}  // namespace trimtab
