// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "base/format.h"
#include "base/json.h"
#include "base/labels.h"
#include "base/matcher.h"
#include "base/time.h"
#include "base/yaml.h"

namespace trimtab {
namespace {

TEST(Time, durations_read_and_print_as_in_prometheus) {
  EXPECT_EQ(parse_duration("1h30m").value(), 5400000);
  EXPECT_EQ(parse_duration("250ms").value(), 250);
  EXPECT_EQ(parse_duration("0").value(), 0);
  for (const char* bad : {"", "5", "1m1h", "1x", "-5m", "1h1h", "99999999999y"}) EXPECT_FALSE(parse_duration(bad)) << bad;
  EXPECT_EQ(format_duration(5400000), "1h30m");
  EXPECT_EQ(format_duration(kWeekMs), "1w");
  EXPECT_EQ(format_duration(kWeekMs + kHourMs), "7d1h");
}

TEST(Time, timestamps_round_trip_and_need_a_zone) {
  EXPECT_EQ(parse_timestamp("2026-11-21T10:00:00Z").value(), 1795255200000);
  EXPECT_EQ(parse_timestamp("2026-11-21T12:00:00.250+02:00").value(), 1795255200250);
  EXPECT_EQ(parse_timestamp("1700000000.123").value(), 1700000000123);
  EXPECT_FALSE(parse_timestamp("2026-11-21T10:00:00"));
  EXPECT_FALSE(parse_timestamp("2026-13-01"));
  EXPECT_EQ(format_timestamp(1795255200250), "2026-11-21T10:00:00.250Z");
  EXPECT_EQ(format_timestamp(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(parse_timestamp_relative("now-2h", 10 * kHourMs).value(), 8 * kHourMs);
  EXPECT_EQ(parse_timestamp_relative("-2h", 10 * kHourMs).value(), 8 * kHourMs);
}

TEST(Labels, foreign_sets_are_checked_and_sorted) {
  const auto labels = Labels::create({{"b", "2"}, {"a", "1"}, {"gone", ""}});
  ASSERT_TRUE(labels);
  EXPECT_EQ(labels->to_string(), R"({a="1", b="2"})");
  EXPECT_FALSE(Labels::create({{"a", "1"}, {"a", "2"}}));
  EXPECT_FALSE(Labels::create({{"", "1"}}));
  EXPECT_FALSE(Labels::create({{"a", "\xff"}}));
  EXPECT_EQ(Labels::create({{"a", std::string(5000, 'x')}}).error().code(), ErrorCode::kLimit);
  EXPECT_EQ((Labels{{"__name__", "up"}, {"job", "a\"b"}}).to_string(), R"(up{job="a\"b"})");
  EXPECT_EQ((Labels{{"a", "1"}, {"b", "2"}}).hash(), (Labels{{"b", "2"}, {"a", "1"}}).hash());
}

TEST(Matcher, follows_prometheus_on_absent_labels_and_anchoring) {
  const Labels labels{{"__name__", "up"}, {"job", "node"}};
  EXPECT_TRUE(Matcher::create(MatchOp::kRegex, "job", "no.e").value().matches(labels));
  EXPECT_FALSE(Matcher::create(MatchOp::kRegex, "job", "no").value().matches(labels));
  EXPECT_TRUE(Matcher::create(MatchOp::kNotEqual, "zone", "x").value().matches(labels));
  EXPECT_TRUE(Matcher::create(MatchOp::kRegex, "job", "a|node").value().matches(labels));
  EXPECT_FALSE(Matcher::create(MatchOp::kRegex, "job", "(").has_value());
}

TEST(Matcher, selectors_parse_with_positions_in_errors) {
  EXPECT_EQ(parse_selector(R"(up{job="node", zone!~"a.*"})").value().size(), 3u);
  EXPECT_EQ(parse_selector(R"({"utf8.metric", "utf8.label"="x"})").value().size(), 2u);
  EXPECT_FALSE(parse_selector("{}"));
  EXPECT_FALSE(parse_selector(R"({a=~".*"})"));
  EXPECT_NE(parse_selector("up{job=}").error().message().find("1:8"), std::string::npos);
}

TEST(Json, escapes_and_shortest_numbers) {
  JsonWriter json;
  json.begin_object().field("a", "x\"\n").field("b", 0.1).key("c").begin_array().value(1).null().value(true).end_array();
  json.field("d", std::nan("")).end_object();
  EXPECT_EQ(json.str(), R"({"a":"x\"\n","b":0.1,"c":[1,null,true],"d":null})");
}

TEST(Format, numbers_for_people) {
  EXPECT_EQ(format_number(1234567), "1.23 M");
  EXPECT_EQ(format_bytes(1536), "1.5 KiB");
  EXPECT_EQ(format_with_unit(0.0123, "seconds"), "12.3 ms");
  EXPECT_EQ(format_with_unit(0.931, "ratio"), "93.1 %");
  EXPECT_EQ(parse_bytes("512MiB").value(), 512u << 20);
  EXPECT_FALSE(parse_bytes("12 parsecs"));
  EXPECT_EQ(format_with_unit(1e308, "ratio"), "infinite %");
}

TEST(Yaml, errors_name_file_line_and_path_and_suggest_keys) {
  const auto yaml = Yaml::parse("listen: x\nscrape:\n  interval: 5x\n", "trimtab.yaml").value();
  EXPECT_TRUE(yaml.only_keys({"listen", "scrape"}));
  const auto status = yaml.only_keys({"listem", "scrape"});
  EXPECT_NE(status.error().message().find("did you mean \"listem\""), std::string::npos);
  const auto interval = yaml["scrape"]["interval"].duration(0, kDayMs);
  EXPECT_NE(interval.error().message().find("trimtab.yaml:3: scrape.interval"), std::string::npos);
  EXPECT_EQ(yaml["scrape"]["none"].integer_or(7, 0, 9).value(), 7);
  EXPECT_FALSE(Yaml::parse(std::string(1000, '['), "deep"));
  EXPECT_FALSE(Yaml::parse("a: [", "bad"));
}

TEST(Json, number_is_read_back_as_the_same_double_by_readers_that_know_64_bit_integers) {
  const auto written = [](double value) {
    std::string out;
    append_json_number(out, value);
    return out;
  };
  EXPECT_EQ(written(-0.0), "-0.0");
  EXPECT_EQ(written(0.0), "0");
  EXPECT_EQ(written(98765432109876540000.0), "98765432109876543488.0");
  EXPECT_EQ(written(1700000000123.0), "1700000000123");
  EXPECT_EQ(written(1e300), "1e+300");
}

}  // namespace
}  // namespace trimtab
