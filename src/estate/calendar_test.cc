// SPDX-License-Identifier: Apache-2.0
#include "estate/calendar.h"

#include <gtest/gtest.h>

#include "estate/estate.h"

namespace trimtab {
namespace {

TimestampMs at(const char* text) { return parse_timestamp(text).value(); }

Estate load(const std::string& text) {
  auto loaded = Estate::load_text(text, "e.yaml");
  EXPECT_TRUE(loaded) << loaded.error().message();
  return loaded.value_or(Estate{});
}

std::string spans_of(const std::string& event, const char* from, const char* to,
                     const std::string& offset = "+00:00") {
  const Estate estate = load("calendar: {utc_offset: '" + offset + "', events: [{name: x, " + event + "}]}");
  std::string out;
  for (const EventSpan& span : estate.calendar().spans({at(from), at(to)}))
    out += format_timestamp(span.from_ms) + " " + format_timestamp(span.to_ms) + "\n";
  return out;
}

TEST(Calendar, a_weekly_event_comes_each_week_at_its_local_time) {
  EXPECT_EQ(spans_of("weekly: sunday, at: '23:00', duration: 2h", "2026-11-09", "2026-11-24", "+01:00"),
            "2026-11-15T22:00:00Z 2026-11-16T00:00:00Z\n2026-11-22T22:00:00Z 2026-11-23T00:00:00Z\n");
}

TEST(Calendar, an_event_that_began_before_the_time_looked_at_still_counts) {
  EXPECT_EQ(spans_of("weekly: sunday, at: '23:00', duration: 2h", "2026-11-23T00:30:00Z", "2026-11-24"),
            "2026-11-22T23:00:00Z 2026-11-23T01:00:00Z\n");
}

TEST(Calendar, the_31st_of_a_shorter_month_is_its_last_day) {
  EXPECT_EQ(spans_of("monthly: 31, at: '02:00', duration: 6h", "2026-01-15", "2026-04-15"),
            "2026-01-31T02:00:00Z 2026-01-31T08:00:00Z\n2026-02-28T02:00:00Z 2026-02-28T08:00:00Z\n"
            "2026-03-31T02:00:00Z 2026-03-31T08:00:00Z\n");
}

TEST(Calendar, days_are_whole_local_days) {
  EXPECT_EQ(spans_of("days: [2026-12-26, 2026-12-25]", "2026-12-01", "2027-01-01", "-05:30"),
            "2026-12-25T05:30:00Z 2026-12-26T05:30:00Z\n2026-12-26T05:30:00Z 2026-12-27T05:30:00Z\n");
}

TEST(Calendar, an_event_outside_of_the_time_looked_at_is_left_out) {
  EXPECT_EQ(spans_of("from: 2026-03-01, to: 2026-03-02", "2026-03-02", "2026-03-03"), "");
  EXPECT_EQ(spans_of("from: 2026-03-01, to: 2026-03-02", "2026-03-01T12:00:00Z", "2026-03-03"),
            "2026-03-01T00:00:00Z 2026-03-02T00:00:00Z\n");
}

TEST(Calendar, spans_are_bounded_and_the_newest_stay) {
  Calendar calendar;
  calendar.events.assign(kCalendarEventsMax,
                         CalendarEvent{.name = "x", .weekday = 1, .duration_ms = kHourMs});
  const auto spans = calendar.spans({at("1990-01-01"), at("2026-01-01")});
  EXPECT_EQ(spans.size(), kEventSpansMax / kCalendarEventsMax * kCalendarEventsMax);
  EXPECT_GT(spans.back().from_ms, at("2025-12-25"));
}

TEST(Calendar, weekend_and_offset_are_read_and_default_to_saturday_sunday_in_utc) {
  EXPECT_EQ(load("").calendar().weekend, 0b1100000);
  EXPECT_EQ(load("").calendar().utc_offset_minutes, 0);
  const Estate estate = load("calendar: {utc_offset: '-03:30', weekend: [friday, saturday]}");
  EXPECT_EQ(estate.calendar().weekend, 0b0110000);
  EXPECT_EQ(estate.calendar().utc_offset_minutes, -210);
  EXPECT_EQ(load("calendar: {weekend: []}").calendar().weekend, 0);
}

TEST(Calendar, wrong_calendars_are_refused_with_what_is_allowed) {
  const auto message = [](const std::string& text) {
    const auto loaded = Estate::load_text("calendar: " + text, "e.yaml");
    return loaded ? std::string("loaded") : loaded.error().message();
  };
  const auto event = [&](const std::string& text) { return message("{events: [{" + text + "}]}"); };
  const std::pair<std::string, const char*> cases[] = {
      {message("5"), "expected a map"},
      {message("{utc_offset: 1}"), "expected +HH:MM"},
      {message("{utc_offset: '+15:00'}"), "up to 14 hours"},
      {message("{utc_offset: '+01:60'}"), "no offset"},
      {message("{weekend: [sunny]}"), "known: monday"},
      {message("{timezone: x}"), "timezone"},
      {event("from: 2026-01-01, to: 2026-01-02"), "name"},
      {event("name: x"), "expected one of"},
      {event("name: x, from: 2026-01-02, to: 2026-01-01"), "not after from"},
      {event("name: x, from: 2026-01-01, to: 2026-01-02, days: [2026-01-01]"), "expected one of"},
      {event("name: x, days: []"), "0 days"},
      {event("name: x, days: ['2026-01-01T00:00:00Z']"), "YYYY-MM-DD"},
      {event("name: x, days: [2026-02-30]"), "2026-02-30"},
      {event("name: x, days: [2026-02-01], at: '05:00'"), "weekly or monthly"},
      {event("name: x, monthly: 32, at: '05:00', duration: 1h"), "31"},
      {event("name: x, monthly: 1, at: '25:00', duration: 1h"), "HH:MM"},
      {event("name: x, weekly: monday, at: '05:00', duration: 8d"), "duration"},
      {event("name: x, entities: [shop], days: [2026-02-01]"), "shop"},
  };
  for (const auto& [said, expected] : cases) EXPECT_NE(said.find(expected), std::string::npos) << said;
}

TEST(GrowthDriver, goes_straight_from_now_through_what_is_planned_and_stays_there) {
  const Estate estate = load(
      "drivers: [{name: users, query: sum(users), planned: [{at: 2026-01-01, value: 5}, "
      "{at: 2026-03-01, value: 100}, {at: 2026-03-11, value: 200}]}]");
  const GrowthDriver& users = estate.drivers().at(0);
  const auto value = [&](const char* then) { return users.value_at(at(then), at("2026-02-19"), 50); };
  EXPECT_DOUBLE_EQ(value("2026-02-24"), 75);  // what was planned for the past no longer counts
  EXPECT_DOUBLE_EQ(value("2026-03-01"), 100);
  EXPECT_DOUBLE_EQ(value("2026-03-06"), 150);
  EXPECT_DOUBLE_EQ(value("2027-01-01"), 200);
}

TEST(GrowthDriver, monthly_growth_is_compounded) {
  const Estate estate = load("drivers: [{name: users, query: sum(users), monthly_growth: 10}]");
  EXPECT_NEAR(estate.drivers().at(0).value_at(at("2027-01-01"), at("2026-01-01"), 100), 313.8, 1);
}

TEST(GrowthDriver, drives_what_its_patterns_name_and_without_them_everything) {
  const Estate estate = load(
      "drivers:\n  - {name: a, query: u, monthly_growth: 1, entities: [database/*], metrics: [pg_*]}\n"
      "  - {name: b, query: u, monthly_growth: 1}\n");
  const GrowthDriver& narrow = estate.drivers().at(0);
  EXPECT_TRUE(narrow.drives({"database", "orders"}, "pg_size"));
  EXPECT_FALSE(narrow.drives({"host", "orders"}, "pg_size"));
  EXPECT_FALSE(narrow.drives({"database", "orders"}, "size"));
  EXPECT_TRUE(estate.drivers().at(1).drives({"host", "x"}, "size"));
}

TEST(GrowthDriver, wrong_drivers_are_refused_with_what_is_allowed) {
  const auto message = [](const std::string& text) {
    const auto loaded = Estate::load_text("drivers: [{" + text + "}]", "e.yaml");
    return loaded ? std::string("loaded") : loaded.error().message();
  };
  const std::pair<std::string, const char*> cases[] = {
      {message("query: u, monthly_growth: 1"), "name"},
      {message("name: x, monthly_growth: 1"), "a query is missing"},
      {message("name: x, query: 'sum(u', monthly_growth: 1"), "parse error"},
      {message("name: x, query: 'u[5m]', monthly_growth: 1"), "an instant vector is needed"},
      {message("name: x, query: u"), "one of planned and monthly_growth"},
      {message("name: x, query: u, monthly_growth: -100"), "outside"},
      {message("name: x, query: u, planned: []"), "planned"},
      {message("name: x, query: u, planned: [{at: 2026-01-02, value: 1}, {at: 2026-01-01, value: 1}]"),
       "not after the one before"},
      {message("name: x, query: u, planned: [{at: soon, value: 1}]"), "soon"},
      {message("name: x, query: u, planned: [5]"), "expected {at: TIME, value: NUMBER}"},
      {message("name: x, query: u, monthly_growth: 1, entities: [y]"), "y"},
  };
  for (const auto& [said, expected] : cases) EXPECT_NE(said.find(expected), std::string::npos) << said;
}

}  // namespace
}  // namespace trimtab
