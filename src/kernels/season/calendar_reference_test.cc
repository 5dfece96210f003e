// SPDX-License-Identifier: Apache-2.0
// Calendar profiles, known events and the choice of a calendar beside naive ones: every cell by a search
// through all values, days by std::chrono.
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <map>
#include <optional>
#include <random>
#include <set>

#include "kernels/noise_testlib.h"
#include "kernels/reference_testlib.h"
#include "kernels/season/calendar_profile.h"
#include "kernels/seasonality.h"

namespace trimtab::kernels {
namespace {

using reference::kNone;
using Values = std::vector<double>;

constexpr TimestampMs kStart = 1704067200000 + 7 * kHourMs;  // 2024-01-01, a Monday, 07:00 UTC

struct Moment {
  std::size_t hour = 0;
  bool weekend = false;
};
Moment moment_of(TimestampMs time, const CalendarDays& days) {
  namespace chrono = std::chrono;
  const chrono::sys_time<chrono::milliseconds> local{
      chrono::milliseconds(time + days.utc_offset_minutes * kMinuteMs)};
  const auto day = chrono::floor<chrono::days>(local);
  const unsigned weekday = chrono::weekday(day).iso_encoding() - 1;  // from Monday
  return {static_cast<std::size_t>(chrono::floor<chrono::hours>(local - day).count()),
          (days.weekend >> weekday & 1) != 0};
}

CalendarCell cell_of(const Values& values) {
  if (values.empty()) return {kNone, kNone, 0};
  const double centre = reference::median(values);
  return {centre, reference::mad(values, centre), values.size()};
}

class Naive {
 public:
  Naive(TimestampMs start, DurationMs step, Values values, const CalendarDays& days,
        std::vector<KnownEvent> events)
      : start_(start), step_(step), values_(std::move(values)), days_(days), events_(std::move(events)) {}

  TimestampMs time(std::size_t i) const { return start_ + static_cast<TimestampMs>(i) * step_; }
  // The first of the list that holds this time.
  std::optional<std::size_t> event_at(TimestampMs time) const {
    for (std::size_t e = 0; e < events_.size(); ++e)
      if (time >= events_[e].from && time < events_[e].to) return e;
    return std::nullopt;
  }
  // Of the first `count` values outside of events.
  CalendarCell cell(std::optional<std::size_t> hour, std::optional<bool> weekend, std::size_t count) const {
    Values mine;
    for (std::size_t i = 0; i < count; ++i) {
      const Moment at = moment_of(time(i), days_);
      if (std::isnan(values_[i]) || event_at(time(i))) continue;
      if ((!hour || at.hour == *hour) && (!weekend || at.weekend == *weekend)) mine.push_back(values_[i]);
    }
    return cell_of(mine);
  }
  CalendarCell usual(TimestampMs time, std::size_t count) const {
    const Moment at = moment_of(time, days_);
    const CalendarCell own = cell(at.hour, at.weekend, count), both = cell(at.hour, std::nullopt, count);
    return own.count >= 5 ? own : both.count >= 5 ? both : cell(std::nullopt, std::nullopt, count);
  }

  struct Event {
    std::set<std::size_t> occurrences{};
    std::map<std::size_t, Values> hours{};  // by hour since its start
    bool use = false;
  };
  Event event(std::uint32_t kind) const {
    Event out;
    std::vector<std::tuple<std::size_t, std::size_t, double>> rests;  // event, hour, value less the usual
    for (std::size_t i = 0; i < values_.size(); ++i) {
      const auto e = event_at(time(i));
      if (!e || events_[*e].kind != kind || std::isnan(values_[i])) continue;
      const double usual_here = usual(time(i), values_.size()).centre;
      if (std::isnan(usual_here)) continue;
      const auto hour =
          std::min<std::size_t>(71, static_cast<std::size_t>((time(i) - events_[*e].from) / kHourMs));
      rests.emplace_back(*e, hour, values_[i] - usual_here);
      out.occurrences.insert(*e);
      out.hours[hour].push_back(values_[i] - usual_here);
    }
    if (out.occurrences.size() < 3) return out;
    std::size_t last = *out.occurrences.begin();
    for (const std::size_t e : out.occurrences)
      if (events_[e].from > events_[last].from) last = e;
    double with = 0, without = 0;
    for (const auto& [e, hour, rest] : rests) {
      if (e != last) continue;
      Values before;
      for (const auto& [other, same, value] : rests)
        if (other != last && same == hour) before.push_back(value);
      with += std::abs(rest - (before.empty() ? 0 : reference::median(before)));
      without += std::abs(rest);
    }
    out.use = with < without;
    return out;
  }
  CalendarCell usual_with_events(TimestampMs time) const {
    const CalendarCell plain = usual(time, values_.size());
    const auto e = event_at(time);
    if (!e) return plain;
    const Event mine = event(events_[*e].kind);
    const auto hour =
        std::min<std::size_t>(71, static_cast<std::size_t>((time - events_[*e].from) / kHourMs));
    if (!mine.use || !mine.hours.contains(hour)) return {kNone, kNone, 0};
    const CalendarCell added = cell_of(mine.hours.at(hour));
    return {plain.centre + added.centre, added.spread, added.count};
  }

  // Mean absolute distance from their own median of the last `tested` values less what `said` says.
  template <typename Said>
  double error(std::size_t tested, Said said) const {
    Values rests, sizes;
    for (std::size_t i = values_.size() - tested; i < values_.size(); ++i)
      if (!event_at(time(i)) && !std::isnan(values_[i] - said(i))) rests.push_back(values_[i] - said(i));
    if (rests.empty()) return kNone;
    for (const double rest : rests) sizes.push_back(std::abs(rest - reference::median(rests)));
    return reference::mean(sizes);
  }
  CalendarChoice choice() const {
    CalendarChoice out{false, 0, kNone, kNone, kNone, kNone};
    const auto week = static_cast<std::size_t>((kWeekMs + step_ - 1) / step_);
    const std::size_t weeks = values_.size() / week;
    if (weeks < 3) return out;
    const std::size_t tested = weeks / 3 * week, trained = values_.size() - tested;
    out.flat = error(tested, [](std::size_t) { return 0.0; });
    std::map<std::pair<std::size_t, bool>, double> known;
    out.calendar = error(tested, [&](std::size_t i) {
      const Moment at = moment_of(time(i), days_);
      const auto [place, is_new] = known.try_emplace({at.hour, at.weekend}, 0);
      if (is_new) place->second = usual(time(i), trained).centre;
      return place->second;
    });
    Values outside(values_.begin(), values_.begin() + static_cast<std::ptrdiff_t>(trained));
    for (std::size_t i = 0; i < trained; ++i)
      if (event_at(time(i))) outside[i] = kNone;
    for (auto [span, to] : {std::pair{kDayMs, &out.day}, {kWeekMs, &out.week}}) {
      if (span % step_ != 0 || span / step_ < 2) continue;
      Values profile(static_cast<std::size_t>(span / step_));
      SeasonScratch scratch;
      seasonal_profile(outside, profile.size(), scratch, profile);
      *to = error(tested, [&](std::size_t i) { return profile[i % profile.size()]; });
    }
    double simpler = out.flat;
    if (out.day < simpler) simpler = out.day;
    const double least = out.week < simpler ? out.week : simpler;
    if (!(least > 0) || std::isnan(out.calendar)) return out;
    out.gain = 1 - out.calendar / least;
    const double margin = 0.05 + 0.15 / static_cast<double>(weeks / 3);
    out.use = out.calendar <= (1 - margin) * simpler && !(out.week <= out.calendar);
    return out;
  }

 private:
  TimestampMs start_;
  DurationMs step_;
  Values values_;
  CalendarDays days_;
  std::vector<KnownEvent> events_;
};

struct World {
  Values values;
  DurationMs step = kHourMs;
  CalendarDays days;
  std::vector<KnownEvent> events;
  CalendarSeries series() const { return {kStart, step, values}; }
  Naive naive() const { return {kStart, step, values, days, events}; }
};

World world(unsigned seed) {
  World out;
  const DurationMs steps[] = {kHourMs, 2 * kHourMs, 90 * kMinuteMs, 100 * kMinuteMs};
  out.step = steps[seed % 4];
  out.days = {.utc_offset_minutes = static_cast<int>(seed % 5) * 345 - 600,
              .weekend = static_cast<std::uint8_t>(seed % 3 == 0 ? 0b0110000 : 0b1100000)};
  std::mt19937 random(seed);
  const TimestampMs end = kStart + static_cast<TimestampMs>(seed % 6) * kWeekMs + 11 * kHourMs;
  for (unsigned k = 0; k < seed % 6; ++k) {
    const TimestampMs from = kStart + static_cast<TimestampMs>(random() % (6 * 7 * 24)) * kHourMs - kDayMs;
    out.events.push_back({from, from + static_cast<TimestampMs>(random() % 12) * kHourMs, k % 2});
  }
  const auto rest = noise(static_cast<std::size_t>((end - kStart) / out.step), seed, 0.2, 50);
  for (std::size_t i = 0; i < rest.size(); ++i) {
    const TimestampMs time = kStart + static_cast<TimestampMs>(i) * out.step;
    const Moment at = moment_of(time, out.days);
    double value = rest[i] + (seed % 2 == 0 && !at.weekend && at.hour >= 9 && at.hour < 17 ? 20 : 0);
    for (const KnownEvent& event : out.events) value += time >= event.from && time < event.to ? 30 : 0;
    out.values.push_back((i * 7 + seed) % 13 == 0 ? kNone : value);
  }
  return out;
}

void expect_cell(const CalendarCell& told, const CalendarCell& naive, const std::string& where) {
  EXPECT_EQ(told.count, naive.count) << where;
  ASSERT_EQ(std::isnan(told.centre), std::isnan(naive.centre)) << where;
  if (std::isnan(naive.centre)) return;
  EXPECT_NEAR(told.centre, naive.centre, 1e-9) << where;
  EXPECT_NEAR(told.spread, naive.spread, 1e-9) << where;
}

TEST(CalendarProfile, every_cell_event_and_moment_equals_a_search_through_all_values) {
  std::size_t used = 0;
  for (unsigned seed = 0; seed < 18; ++seed) {
    const World w = world(seed);
    const Naive naive = w.naive();
    const CalendarProfile told = calendar_profile(w.series(), w.days, w.events);
    const std::size_t n = w.values.size();
    for (std::size_t hour = 0; hour < kDayHours; ++hour) {
      const std::string where = std::to_string(seed) + " at " + std::to_string(hour);
      expect_cell(told.cells[hour], naive.cell(hour, false, n), where);
      expect_cell(told.cells[hour + kDayHours], naive.cell(hour, true, n), where);
      expect_cell(told.hours[hour], naive.cell(hour, std::nullopt, n), where);
    }
    expect_cell(told.all, naive.cell(std::nullopt, std::nullopt, n), "all");
    for (const EventProfile& event : told.events) {
      const Naive::Event expected = naive.event(event.kind);
      EXPECT_EQ(event.occurrences, expected.occurrences.size()) << seed;
      EXPECT_EQ(event.use, expected.use) << seed;
      used += event.use ? 1 : 0;
      for (std::size_t hour = 0; hour < event.hours.size(); ++hour) {
        const auto mine = expected.hours.find(hour);
        expect_cell(event.hours[hour], cell_of(mine == expected.hours.end() ? Values{} : mine->second),
                    "event");
      }
    }
    for (TimestampMs time = kStart - 2 * kDayMs; time < kStart + 9 * kDayMs; time += 7 * kHourMs)
      expect_cell(usual_at(told, time, w.events), naive.usual_with_events(time), std::to_string(time));
    for (const KnownEvent& event : w.events)
      expect_cell(usual_at(told, event.from, w.events), naive.usual_with_events(event.from), "at an event");
  }
  EXPECT_GT(used, 1U);
}

TEST(CalendarChoice, every_error_equals_the_naive_one) {
  std::size_t used = 0, weighed = 0;
  for (unsigned seed = 0; seed < 18; ++seed) {
    const World w = world(seed);
    const CalendarChoice told = choose_calendar(w.series(), w.days, w.events), naive = w.naive().choice();
    EXPECT_EQ(told.use, naive.use) << seed;
    EXPECT_NEAR(told.gain, naive.gain, 1e-9) << seed;
    for (const auto& [figure, expected] : {std::pair{told.calendar, naive.calendar},
                                           {told.flat, naive.flat},
                                           {told.day, naive.day},
                                           {told.week, naive.week}}) {
      ASSERT_EQ(std::isnan(figure), std::isnan(expected)) << seed;
      if (!std::isnan(expected)) {
        EXPECT_NEAR(figure, expected, 1e-9) << seed;
      }
    }
    used += told.use ? 1 : 0;
    weighed += std::isnan(told.calendar) ? 0 : 1;
  }
  EXPECT_GT(used, 1U);
  EXPECT_GT(weighed, used);
}

}  // namespace
}  // namespace trimtab::kernels
