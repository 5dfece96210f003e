// SPDX-License-Identifier: Apache-2.0
#include "analyze/expected.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

#include "analyze/judge.h"
#include "estate/estate.h"

namespace trimtab::analyze {
namespace {

constexpr DurationMs kStep = 15 * kMinuteMs;

TimestampMs at(const char* text) { return parse_timestamp(text).value(); }

// `shape(time, weekday 0 = Monday, hour)` plus noise, in cells of `step_ms` that end at `end_ms`.
struct Made {
  kernels::Cells cells;
  std::vector<double> values;
};
Made made(TimestampMs end_ms, DurationMs history_ms, DurationMs step_ms, double noise,
          const std::function<double(TimestampMs, int, double)>& shape) {
  Made out;
  out.cells.step_ms = step_ms;
  out.cells.count = static_cast<std::size_t>(history_ms / step_ms);
  out.cells.first_end_ms = end_ms - static_cast<DurationMs>(out.cells.count - 1) * step_ms;
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal(0, noise);
  for (std::size_t i = 0; i < out.cells.count; ++i) {
    const TimestampMs time = out.cells.end(i) - step_ms / 2;
    const int weekday = static_cast<int>((time / kDayMs + 3) % 7);
    const double hour = static_cast<double>(time % kDayMs) / static_cast<double>(kHourMs);
    out.values.push_back(shape(time, weekday, hour) + normal(random));
  }
  return out;
}

double office(TimestampMs, int weekday, double hour) {
  return weekday < 5 && hour >= 9 && hour < 17 ? 120 : 20;
}

CalendarView view_of(const std::string& yaml, TimeRange range, const std::string& entity = "service/a") {
  const Estate estate = Estate::load_text(yaml, "e.yaml").value();
  CalendarView view;
  view_calendar(estate.calendar(), estate.calendar().spans(range), entity, view);
  return view;
}

struct Judged {
  Learnt learnt;
  Verdict verdict;
};
// As a pass does it: learn from the past, then judge.
Judged judged(const Made& series, const std::string& calendar = "") {
  const kernels::Cells& cells = series.cells;
  const TimeRange range{cells.end(0) - cells.step_ms, cells.end(cells.count - 1)};
  const CalendarView view = view_of(calendar, range);
  LearnScratch learning;
  JudgeScratch scratch;
  Judged out;
  kernels::Cells past = cells;
  past.count = reference_cells(cells, 0);
  out.learnt = learn(past, std::span(series.values).first(past.count), learning, view);
  JudgeOptions options;
  options.calendar = &view;
  out.verdict = judge_cells(cells, series.values, options, out.learnt, scratch);
  return out;
}

TEST(CalendarProfile, office_hours_known_for_weeks_are_expected_by_the_calendar) {
  const Judged monday = judged(made(at("2026-11-16T12:00:00Z"), 5 * kWeekMs, kStep, 4, office));
  EXPECT_GT(monday.learnt.calendar_gain, 0);
  EXPECT_FALSE(monday.verdict.unusual);
}

TEST(CalendarProfile, less_than_three_weeks_are_not_tried) {
  const Judged monday = judged(made(at("2026-11-16T12:00:00Z"), 3 * kWeekMs, kStep, 4, office));
  EXPECT_EQ(monday.learnt.calendar_gain, 0);
}

TEST(CalendarProfile, a_series_whose_days_are_all_alike_is_left_to_its_season) {
  const auto series = made(at("2026-11-16T12:00:00Z"), 5 * kWeekMs, kStep, 4,
                           [](auto, int, double hour) { return 100 + 40 * std::sin(2 * M_PI * hour / 24); });
  const Judged judgement = judged(series);
  EXPECT_EQ(judgement.learnt.calendar_gain, 0);
  EXPECT_EQ(judgement.learnt.season_ms[0], kDayMs);
}

TEST(CalendarProfile, work_on_a_saturday_is_told_and_the_calendar_named) {
  const TimestampMs noon = at("2026-11-21T12:00:00Z");
  const auto series = made(noon, 5 * kWeekMs, kStep, 4, [&](TimestampMs time, int weekday, double hour) {
    return time > noon - 80 * kMinuteMs ? 120 : office(time, weekday, hour);
  });
  const Judged saturday = judged(series);
  ASSERT_TRUE(saturday.verdict.unusual);
  const Unusual& unusual = *saturday.verdict.unusual;
  EXPECT_EQ(unusual.method, "calendar_residual");
  EXPECT_NEAR(unusual.usual, 20, 3);
  EXPECT_NEAR(unusual.now, 120, 3);
  EXPECT_NE(unusual.statistic.find("hours of workdays and of weekend days"), std::string::npos)
      << unusual.statistic;
}

TEST(CalendarProfile, the_weekend_and_the_offset_of_the_estate_count) {
  // Nine to five in Tehran, closed on Friday.
  const auto series =
      made(at("2026-11-20T08:00:00Z"), 5 * kWeekMs, kStep, 4, [](TimestampMs time, int, double) {
        const TimestampMs local = time + 210 * kMinuteMs;
        const double hour = static_cast<double>(local % kDayMs) / static_cast<double>(kHourMs);
        return office(local, (local / kDayMs + 3) % 7 == 4 ? 6 : 0, hour);
      });
  EXPECT_GT(judged(series, "calendar: {utc_offset: '+03:30', weekend: [friday]}").learnt.calendar_gain, 0);
  EXPECT_EQ(judged(series).learnt.calendar_gain, 0);
}

constexpr const char* kInvoices =
    "calendar: {events: [{name: invoices, monthly: 1, at: '02:00', duration: 8h}]}";

// Five months of hours that end in the run of November 1st, which adds `now`; the others 100.
Made invoices(double now) {
  const TimestampMs end = at("2026-11-01T09:00:00Z");
  return made(end, 150 * kDayMs, kHourMs, 4, [=](TimestampMs time, int, double hour) {
    if (hour < 2 || hour >= 10 || !format_timestamp(time).substr(8).starts_with("01T")) return 50.0;
    return 50 + (time > end - kDayMs ? now : 100);
  });
}

TEST(KnownEvents, a_run_like_the_ones_before_is_usual_and_one_that_does_not_come_is_told) {
  EXPECT_FALSE(judged(invoices(100), kInvoices).verdict.unusual);
  const Judged missing = judged(invoices(0), kInvoices);
  ASSERT_TRUE(missing.verdict.unusual);
  EXPECT_EQ(missing.verdict.unusual->direction, -1);
  EXPECT_FALSE(judged(invoices(0)).verdict.unusual);  // nobody said that it comes each month
}

TEST(KnownEvents, a_run_unlike_the_ones_before_is_told_as_such) {
  const Judged run = judged(invoices(250), kInvoices);
  ASSERT_TRUE(run.verdict.unusual);
  EXPECT_EQ(run.verdict.unusual->method, "event_residual");
  EXPECT_NEAR(run.verdict.unusual->usual, 150, 10);
  EXPECT_NEAR(run.verdict.unusual->now, 300, 10);
  EXPECT_NE(run.verdict.unusual->statistic.find("in \"invoices\" as in 4 of its kind before"),
            std::string::npos)
      << run.verdict.unusual->statistic;
}

TEST(KnownEvents, the_first_of_its_kind_is_context_only) {
  const TimestampMs end = at("2026-11-20T12:00:00Z");
  const auto series = made(end, kWeekMs, 5 * kMinuteMs, 4, [&](TimestampMs time, int, double) {
    return time > end - 2 * kHourMs ? 250.0 : 100.0;
  });
  const Judged sale = judged(
      series, "calendar: {events: [{name: sale, from: 2026-11-20T10:00:00Z, to: 2026-11-20T20:00:00Z}]}");
  ASSERT_TRUE(sale.verdict.unusual);
  EXPECT_EQ(sale.verdict.unusual->event, "sale");
  EXPECT_NE(sale.verdict.unusual->statistic.find("during \"sale\", of which too little is known"),
            std::string::npos)
      << sale.verdict.unusual->statistic;
}

TEST(KnownEvents, a_past_sale_does_not_make_its_load_usual) {
  // A sale of two days doubles the load, and again today without one.
  const TimestampMs end = at("2026-11-20T12:00:00Z");
  const auto series = made(end, kWeekMs, 5 * kMinuteMs, 4, [&](TimestampMs time, int, double) {
    const bool sale = time > at("2026-11-15") && time < at("2026-11-17");
    return sale || time > end - kHourMs ? 200.0 : 100.0;
  });
  const auto today = judged(series, "calendar: {events: [{name: sale, from: 2026-11-15, to: 2026-11-17}]}");
  ASSERT_TRUE(today.verdict.unusual);
  EXPECT_EQ(today.verdict.unusual->event, "");
  EXPECT_FALSE(judged(series).verdict.unusual);
}

TEST(KnownEvents, of_other_entities_do_not_count) {
  const std::string yaml =
      "calendar: {events: [{name: sale, entities: [service/shop*], from: 2026-11-20, to: 2026-11-21}]}";
  const TimeRange range{at("2026-11-01"), at("2026-11-30")};
  EXPECT_EQ(view_of(yaml, range, "service/shop-1").events.size(), 1u);
  EXPECT_TRUE(view_of(yaml, range, "service/mail").events.empty());
}

TEST(KnownEvents, what_is_most_of_the_time_is_no_event) {
  const auto series = made(at("2026-11-20T12:00:00Z"), kWeekMs, 5 * kMinuteMs, 4, office);
  std::vector<double> rest = series.values;
  const CalendarView view = view_of("calendar: {events: [{name: always, from: 2026-11-01, to: 2026-12-01}]}",
                                    {at("2026-11-01"), at("2026-11-30")});
  EXPECT_FALSE(leave_out_events(series.cells, rest.size(), view, rest));
  EXPECT_EQ(rest, series.values);
}

}  // namespace
}  // namespace trimtab::analyze
