// SPDX-License-Identifier: Apache-2.0
#include "report/words.h"

#include <gtest/gtest.h>

#include <limits>

namespace trimtab::report {
namespace {

Evidence change(double usual, double now, const std::string& unit = "") {
  Evidence e;
  e.usual = usual;
  e.now = now;
  e.unit = unit;
  return e;
}

TEST(Words, counts_agree_with_their_noun) {
  EXPECT_EQ(count_of(1, "service"), "1 service");
  EXPECT_EQ(count_of(0, "service"), "0 services");
  EXPECT_EQ(count_of(2, "process"), "2 processes");
  EXPECT_EQ(count_of(2, "proxy"), "2 proxies");
  EXPECT_EQ(count_of(2, "gateway"), "2 gateways");
  EXPECT_EQ(count_of(1234567, "series"), "1,234,567 series");
}

TEST(Words, effects_are_told_as_people_say_them) {
  EXPECT_EQ(effect_phrase(change(0.4, 1.24, "seconds")), "3.1 times its usual");
  EXPECT_EQ(effect_phrase(change(100, 138)), "38 % above its usual");
  EXPECT_EQ(effect_phrase(change(100, 62)), "38 % below its usual");
  EXPECT_EQ(effect_phrase(change(0.71, 0.78, "ratio")), "7 points above its usual");
  EXPECT_EQ(effect_phrase(change(0, 4)), "new; usually zero");
  EXPECT_EQ(effect_phrase(change(12, 0, "req/s")), "gone; usually 12 req/s");
  EXPECT_EQ(effect_phrase(change(-3, 4, "°C")), "7 °C above its usual");
  EXPECT_EQ(effect_phrase(change(3, 3)), "at its usual");
}

TEST(Words, what_is_not_a_number_is_not_compared) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  for (const Evidence& e : {change(nan, 1), change(1, nan), change(infinity, 1), change(1, -infinity)}) {
    EXPECT_EQ(effect_phrase(e), "not comparable with its usual");
    EXPECT_EQ(effect_number(e), "");
  }
}

TEST(Words, times_are_absolute_and_relative) {
  EXPECT_EQ(when(1795258320000), "2026-11-21 10:52 UTC");
  EXPECT_EQ(ago(0, 131 * kMinuteMs), "2 h 11 min ago");
  EXPECT_EQ(ago(kDayMs, 0), "in 1 day");
  EXPECT_EQ(ago(0, 30), "just now");
  EXPECT_EQ(about(9 * kDayMs + 3 * kHourMs), "9 days");
  EXPECT_EQ(about(40 * kHourMs), "40 hours");
  EXPECT_EQ(lookback(kDayMs), "24 h");
}

TEST(Words, movement_is_told_only_from_enough_points) {
  Finding f;
  Evidence e = change(1, 5);
  e.window = e.sparkline_range = {0, 900};
  e.sparkline = {2, 2, 2, 4, 4, 4, 6, 6, 6};
  f.evidence = {e};
  EXPECT_EQ(trend_words(f), "growing");
  f.evidence[0].sparkline = {6, 6, 6, 4, 4, 4, 2, 2, 2};
  EXPECT_EQ(trend_words(f), "easing");
  f.evidence[0].sparkline = {5, 5, 5, 5, 5, 5};
  EXPECT_EQ(trend_words(f), "steady");
  f.evidence[0].sparkline = {2, 4, 6};
  EXPECT_EQ(trend_words(f), "");
}

TEST(Words, harm_words_change_at_the_documented_values) {
  Finding f;
  f.kind = FindingKind::kErrors;
  const auto level = [&](double harm) {
    f.harm = harm;
    return harm_level(f);
  };
  EXPECT_EQ(level(0.5), HarmLevel::kCertain);
  EXPECT_EQ(level(0.49), HarmLevel::kPossible);
  EXPECT_EQ(level(0.2), HarmLevel::kPossible);
  EXPECT_EQ(level(0.19), HarmLevel::kNone);
  EXPECT_EQ(level(std::numeric_limits<double>::quiet_NaN()), HarmLevel::kNone);
}

TEST(Words, harm_is_certain_only_for_what_customers_feel_and_when_sure) {
  Finding f;
  f.harm = 0.9;
  f.kind = FindingKind::kSaturation;
  EXPECT_EQ(harm_level(f), HarmLevel::kPossible);
  f.kind = FindingKind::kLatency;
  EXPECT_EQ(harm_level(f), HarmLevel::kCertain);
  f.sure = Sureness::kLow;
  EXPECT_EQ(harm_level(f), HarmLevel::kPossible);
}

}  // namespace
}  // namespace trimtab::report
