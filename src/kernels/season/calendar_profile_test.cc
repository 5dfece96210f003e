// SPDX-License-Identifier: Apache-2.0
#include "kernels/season/calendar_profile.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <vector>

namespace trimtab::kernels {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr TimestampMs kMonday = 1704067200000;  // 2024-01-01T00:00:00Z, a Monday
constexpr DurationMs kHalfHour = 30 * kMinuteMs;
constexpr std::size_t kWeekSteps = 7 * 48;

std::size_t naive_cell(TimestampMs time, int utc_offset_minutes) {
  namespace chrono = std::chrono;
  const chrono::sys_time<chrono::milliseconds> local{
      chrono::milliseconds(time + utc_offset_minutes * kMinuteMs)};
  const auto day = chrono::floor<chrono::days>(local);
  const auto hour = static_cast<std::size_t>(chrono::floor<chrono::hours>(local - day).count());
  return hour + (chrono::weekday(day).iso_encoding() >= 6 ? kDayHours : 0);
}

// Workday hours 9 to 17 at 100, nights at 20, weekends at 10; noise of 3.
std::vector<double> office(std::size_t weeks, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> noise(0, 3);
  std::vector<double> out;
  for (std::size_t i = 0; i < weeks * kWeekSteps; ++i) {
    const std::size_t cell = naive_cell(kMonday + static_cast<std::int64_t>(i) * kHalfHour, 0);
    out.push_back((cell >= kDayHours ? 10 : cell >= 9 && cell < 17 ? 100 : 20) + noise(random));
  }
  return out;
}

CalendarSeries half_hours(const std::vector<double>& values) { return {kMonday, kHalfHour, values}; }

TEST(CalendarProfile, cell_is_the_hour_and_kind_of_the_local_day) {
  for (const int offset : {0, 60, -300, 345, 840, -720}) {
    for (std::int64_t i = -3000; i < 3000; ++i) {
      const TimestampMs time = i * 47 * kMinuteMs;  // years around 1970, before it as well
      ASSERT_EQ(calendar_cell(time, {.utc_offset_minutes = offset}), naive_cell(time, offset)) << time;
    }
  }
  // Friday and Saturday off.
  EXPECT_EQ(calendar_cell(kMonday + 4 * kDayMs, {.weekend = 0b0110000}), kDayHours);
  EXPECT_EQ(calendar_cell(kMonday + 6 * kDayMs, {.weekend = 0b0110000}), 0u);
}

TEST(CalendarProfile, wild_values_do_not_move_it) {
  auto values = office(6, 2);
  const auto clean = calendar_profile(half_hours(values), {});
  for (std::size_t i = 0; i < values.size(); i += 13) values[i] = 1e9;
  const auto wild = calendar_profile(half_hours(values), {});
  for (std::size_t at = 0; at < clean.cells.size(); ++at)
    EXPECT_NEAR(wild.cells[at].centre, clean.cells[at].centre, 3) << at;
}

TEST(CalendarProfile, poor_input_gives_poor_answers_not_wrong_ones) {
  for (const auto& values : {std::vector<double>{}, std::vector<double>(2000, kNan)}) {
    const auto profile = calendar_profile(half_hours(values), {});
    EXPECT_EQ(profile.all.count, 0u);
    EXPECT_TRUE(std::isnan(usual_at(profile, kMonday).centre));
    EXPECT_FALSE(choose_calendar(half_hours(values), {}).use);
  }
  const std::vector<double> one{7};
  const auto profile = calendar_profile(half_hours(one), {});
  EXPECT_EQ(usual_at(profile, kMonday + 5 * kDayMs).centre, 7) << "thin cells fall back on all values";
  EXPECT_EQ(usual_at(profile, kMonday).count, 1u);
  EXPECT_FALSE(choose_calendar(half_hours(one), {}).use);
  const std::vector<double> equal(5 * kWeekSteps, 42);
  const auto flat = calendar_profile(half_hours(equal), {});
  EXPECT_EQ(flat.cells[3].centre, 42);
  EXPECT_EQ(flat.cells[3].spread, 0);
  const auto chosen = choose_calendar(half_hours(equal), {});
  EXPECT_FALSE(chosen.use) << "there is no error to save";
  EXPECT_EQ(chosen.gain, 0);
}

TEST(CalendarProfile, thin_cells_take_the_hour_of_all_days) {
  // Ten days from Monday at 3 h: weekend cells hold two values each, fewer than kCellValuesMin.
  std::vector<double> values;
  for (std::size_t i = 0; i < 80; ++i) values.push_back(static_cast<double>(i % 8));
  const CalendarSeries series{kMonday, 3 * kHourMs, values};
  const auto profile = calendar_profile(series, {});
  EXPECT_EQ(profile.cells[6 + kDayHours].count, 2u);
  EXPECT_EQ(usual_at(profile, kMonday + 5 * kDayMs + 6 * kHourMs).count, 10u);
  EXPECT_EQ(usual_at(profile, kMonday + 5 * kDayMs + 6 * kHourMs).centre, 2);
  EXPECT_EQ(usual_at(profile, kMonday + 4 * kHourMs).count, 80u) << "an hour never seen: all values";
}

TEST(CalendarChoice, workdays_and_weekends_make_it_win) {
  for (const std::size_t weeks : {3u, 4u, 6u, 9u}) {
    const auto chosen = choose_calendar(half_hours(office(weeks, 4)), {});
    EXPECT_TRUE(chosen.use) << weeks << " weeks, gain " << chosen.gain;
    EXPECT_LT(chosen.calendar, chosen.week);
    EXPECT_LT(chosen.calendar, chosen.day);
    EXPECT_LT(chosen.day, chosen.flat);
  }
  EXPECT_FALSE(choose_calendar(half_hours(office(2, 4)), {}).use) << "two weeks: nothing to be tried on";
}

TEST(CalendarChoice, local_time_matters) {
  auto values = office(6, 5);
  std::rotate(values.begin(), values.begin() + 16, values.end());  // the office is 8 hours to the east
  const auto right = choose_calendar(half_hours(values), {.utc_offset_minutes = 8 * 60});
  const auto wrong = choose_calendar(half_hours(values), {});
  EXPECT_TRUE(right.use);
  EXPECT_GT(right.gain, wrong.gain + 0.05);
}

// What it must not be used on: `shape` gives a value by the step of the week, noise of 3 is added.
std::size_t times_used(const std::function<double(std::size_t)>& shape, std::size_t runs) {
  std::size_t used = 0;
  for (unsigned seed = 0; seed < runs; ++seed) {
    std::mt19937 random(100 + seed);
    std::normal_distribution<double> noise(0, 3);
    std::vector<double> values;
    for (std::size_t i = 0; i < 5 * kWeekSteps; ++i) values.push_back(shape(i % kWeekSteps) + noise(random));
    used += choose_calendar(half_hours(values), {}).use ? 1 : 0;
  }
  return used;
}

TEST(CalendarChoice, not_used_where_plain_profiles_do_as_well) {
  const auto sine = [](std::size_t at) { return 30 * std::sin(static_cast<double>(at % 48) * 0.1309); };
  EXPECT_EQ(times_used([](std::size_t) { return 50.0; }, 40), 0u) << "noise";
  EXPECT_EQ(times_used(sine, 40), 0u) << "every day alike";
  EXPECT_EQ(times_used([&](std::size_t at) { return sine(at) + (at / 48 == 1 ? 80 : 0); }, 40), 0u)
      << "Tuesdays of their own: the week knows, the calendar does not";
}

TEST(CalendarChoice, red_noise_does_not_make_it_win) {
  std::size_t used = 0;
  for (unsigned seed = 0; seed < 60; ++seed) {
    std::mt19937 random(seed);
    std::normal_distribution<double> noise;
    std::vector<double> values{0};
    while (values.size() < 4 * kWeekSteps) values.push_back(0.95 * values.back() + noise(random));
    used += choose_calendar(half_hours(values), {}).use ? 1 : 0;
  }
  EXPECT_LE(used, 1u);
}

// A job of four hours at every fourth day 02:00 adds `added` for its first two hours.
struct Jobs {
  std::vector<double> values;
  std::vector<KnownEvent> events;
};
Jobs with_jobs(std::size_t weeks, double added) {
  Jobs out{office(weeks, 6), {}};
  for (std::size_t day = 2; day < 7 * weeks; day += 4) {
    const TimestampMs from = kMonday + static_cast<std::int64_t>(day) * kDayMs + 2 * kHourMs;
    out.events.push_back({from, from + 4 * kHourMs, 9});
    for (std::size_t i = 0; i < 4; ++i) out.values[day * 48 + 4 + i] += added;
  }
  return out;
}

TEST(KnownEvents, are_left_out_of_the_learning) {
  const auto jobs = with_jobs(4, 1e6);
  const auto profile = calendar_profile(half_hours(jobs.values), {}, jobs.events);
  for (const auto& cell : profile.cells) EXPECT_LT(cell.spread, 10);
  EXPECT_TRUE(choose_calendar(half_hours(jobs.values), {}, jobs.events).use);
  // Values within events do not matter at all to the calendar.
  auto other = jobs.values;
  for (std::size_t i = 0; i < 8; ++i) other[2 * 48 + 4 + i] = -5e9;
  const auto same = calendar_profile(half_hours(other), {}, jobs.events);
  for (std::size_t at = 0; at < profile.cells.size(); ++at) {
    EXPECT_EQ(same.cells[at].centre, profile.cells[at].centre);
    EXPECT_EQ(same.cells[at].count, profile.cells[at].count);
  }
}

TEST(KnownEvents, that_recur_have_a_profile_of_their_own) {
  const auto jobs = with_jobs(4, 500);
  const auto profile = calendar_profile(half_hours(jobs.values), {}, jobs.events);
  ASSERT_EQ(profile.events.size(), 1u);
  const EventProfile& event = profile.events[0];
  EXPECT_EQ(event.kind, 9u);
  EXPECT_EQ(event.occurrences, 7u);
  EXPECT_TRUE(event.use);
  ASSERT_EQ(event.hours.size(), 4u);
  EXPECT_NEAR(event.hours[0].centre, 500, 3);
  EXPECT_NEAR(event.hours[3].centre, 0, 3);
  EXPECT_EQ(event.hours[0].count, 14u);
  const TimestampMs job = jobs.events[0].from;
  EXPECT_NEAR(usual_at(profile, job, jobs.events).centre, 520, 5);
  EXPECT_NEAR(usual_at(profile, job - 1, jobs.events).centre, 20, 3);
  EXPECT_NEAR(usual_at(profile, job + 4 * kHourMs, jobs.events).centre, 20, 3) << "the end is outside";
  // One declared for the future is expected to look like those before.
  const KnownEvent next{kMonday + 100 * kDayMs, kMonday + 101 * kDayMs, 9};
  EXPECT_NEAR(usual_at(profile, next.from, {&next, 1}).centre, 520, 5);
  EXPECT_TRUE(std::isnan(usual_at(profile, next.from + 20 * kHourMs, {&next, 1}).centre))
      << "never seen so late";
}

TEST(KnownEvents, seen_too_seldom_or_unlike_are_not_judged) {
  auto jobs = with_jobs(4, 500);
  jobs.events.resize(2);
  const auto few = calendar_profile(half_hours(jobs.values), {}, jobs.events);
  EXPECT_EQ(few.events[0].occurrences, 2u);
  EXPECT_FALSE(few.events[0].use);
  EXPECT_TRUE(std::isnan(usual_at(few, jobs.events[0].from, jobs.events).centre));
  const KnownEvent unknown{jobs.events[0].from, jobs.events[0].to, 77};
  EXPECT_TRUE(std::isnan(usual_at(few, unknown.from, {&unknown, 1}).centre));
  // The last one does the opposite of all before it.
  auto odd = with_jobs(4, 500);
  for (std::size_t i = 0; i < 4; ++i) odd.values[26 * 48 + 4 + i] -= 1000;
  EXPECT_FALSE(calendar_profile(half_hours(odd.values), {}, odd.events).events[0].use);
}

TEST(KnownEvents, overlapping_or_outside_ones_do_no_harm) {
  const auto values = office(4, 7);
  const std::vector<KnownEvent> events{{kMonday, kMonday + kHourMs, 2},
                                       {kMonday - kDayMs, kMonday + 2 * kHourMs, 1},
                                       {kMonday + 900 * kDayMs, kMonday + 901 * kDayMs, 3},
                                       {kMonday + kDayMs, kMonday, 4},
                                       {kMonday - kDayMs, kMonday, 5}};
  const auto profile = calendar_profile(half_hours(values), {}, events);
  ASSERT_EQ(profile.events.size(), 5u);
  const std::size_t occurrences[] = {1, 1, 0, 0, 0};
  for (std::size_t at = 0; at < 5; ++at) EXPECT_EQ(profile.events[at].occurrences, occurrences[at]) << at;
  EXPECT_EQ(profile.events[1].hours[0].count, 2u) << "the first of the list owns what both cover";
  EXPECT_EQ(profile.all.count, values.size() - 4);
}

}  // namespace
}  // namespace trimtab::kernels
