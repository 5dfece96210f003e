// SPDX-License-Identifier: Apache-2.0
#include "kernels/season/calendar_profile.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "kernels/quantile.h"
#include "kernels/seasonality.h"

namespace trimtab::kernels {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kNoEvent = std::numeric_limits<std::size_t>::max();
constexpr std::int64_t kEpochWeekday = 3;  // 1970-01-01 was a Thursday, Monday being 0

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

TimestampMs time_of(const CalendarSeries& series, std::size_t i) {
  return series.start + static_cast<std::int64_t>(i) * series.step;
}

CalendarCell cell_of(std::vector<double>& values) {
  CalendarCell out{kNone, kNone, values.size()};
  if (values.empty()) return out;
  out.centre = median_in_place(values);
  out.spread = mad_in_place(values, out.centre);
  return out;
}

// Per value the event it belongs to, or kNoEvent.
std::vector<std::size_t> owners(const CalendarSeries& series, std::span<const KnownEvent> events) {
  std::vector<std::size_t> out(series.values.size(), kNoEvent);
  const auto count = static_cast<std::int64_t>(out.size());
  const auto first_from = [&](TimestampMs time) {  // first value at or after it
    return std::clamp<std::int64_t>(-floor_div(series.start - time, series.step), 0, count);
  };
  for (std::size_t at = events.size(); at-- > 0;) {
    for (auto i = first_from(events[at].from); i < first_from(events[at].to); ++i)
      out[static_cast<std::size_t>(i)] = at;
  }
  return out;
}

const CalendarCell& day_cell(const CalendarProfile& profile, TimestampMs time) {
  const std::size_t at = calendar_cell(time, profile.days);
  if (profile.cells[at].count >= kCellValuesMin) return profile.cells[at];
  const CalendarCell& hour = profile.hours[at % kDayHours];
  return hour.count >= kCellValuesMin ? hour : profile.all;
}

// The calendar of the values that no event owns.
CalendarProfile learn_days(const CalendarSeries& series, const CalendarDays& days,
                           std::span<const std::size_t> owner) {
  CalendarProfile out;
  out.days = days;
  std::array<std::vector<double>, 2 * kDayHours> values;
  std::vector<double> all;
  for (std::size_t i = 0; i < series.values.size(); ++i) {
    if (owner[i] != kNoEvent || std::isnan(series.values[i])) continue;
    values[calendar_cell(time_of(series, i), days)].push_back(series.values[i]);
    all.push_back(series.values[i]);
  }
  for (std::size_t hour = 0; hour < kDayHours; ++hour) {
    std::vector<double> both = values[hour];
    both.insert(both.end(), values[hour + kDayHours].begin(), values[hour + kDayHours].end());
    out.hours[hour] = cell_of(both);
  }
  for (std::size_t at = 0; at < values.size(); ++at) out.cells[at] = cell_of(values[at]);
  out.all = cell_of(all);
  return out;
}

struct EventValue {
  std::size_t event = 0, hour = 0;
  double rest = 0;  // the value less what the calendar says
};

std::vector<CalendarCell> learn_hours(std::span<const EventValue> values, std::size_t left_out) {
  std::vector<std::vector<double>> hours;
  for (const EventValue& value : values) {
    if (value.event == left_out) continue;
    if (hours.size() <= value.hour) hours.resize(value.hour + 1);
    hours[value.hour].push_back(value.rest);
  }
  std::vector<CalendarCell> out;
  for (auto& hour : hours) out.push_back(cell_of(hour));
  return out;
}

EventProfile learn_event(std::uint32_t kind, std::span<const EventValue> values,
                         std::span<const KnownEvent> events) {
  EventProfile out;
  out.kind = kind;
  std::size_t last = kNoEvent;
  std::vector<std::size_t> seen;
  for (const EventValue& value : values) {
    if (std::find(seen.rbegin(), seen.rend(), value.event) == seen.rend()) seen.push_back(value.event);
    if (last == kNoEvent || events[value.event].from > events[last].from) last = value.event;
  }
  out.occurrences = seen.size();
  out.hours = learn_hours(values, kNoEvent);
  if (out.occurrences < kEventOccurrencesMin) return out;
  const auto before = learn_hours(values, last);
  double with = 0;
  double without = 0;
  for (const EventValue& value : values) {
    if (value.event != last) continue;
    const double added =
        value.hour < before.size() && before[value.hour].count > 0 ? before[value.hour].centre : 0;
    with += std::abs(value.rest - added);
    without += std::abs(value.rest);
  }
  out.use = with < without;
  return out;
}

std::size_t event_hour(TimestampMs time, const KnownEvent& event) {
  return std::min(kEventHoursMax - 1, static_cast<std::size_t>((time - event.from) / kHourMs));
}

double median_of_present(std::span<const double> values) {
  std::vector<double> present;
  for (const double value : values) {
    if (!std::isnan(value)) present.push_back(value);
  }
  return present.empty() ? kNone : median_in_place(present);
}

// Mean absolute error of what is left after a profile; NaN marks what does not count.
double error_of(std::span<const double> rests) {
  const double centre = median_of_present(rests);
  double sum = 0;
  std::size_t count = 0;
  for (const double rest : rests) {
    if (std::isnan(rest)) continue;
    sum += std::abs(rest - centre);
    ++count;
  }
  return count > 0 ? sum / static_cast<double>(count) : kNone;
}

}  // namespace

std::size_t calendar_cell(TimestampMs time, const CalendarDays& days) {
  const std::int64_t local = time + days.utc_offset_minutes * kMinuteMs;
  const std::int64_t day = floor_div(local, kDayMs);
  const std::int64_t weekday = day + kEpochWeekday - 7 * floor_div(day + kEpochWeekday, 7);
  const auto hour = static_cast<std::size_t>((local - day * kDayMs) / kHourMs);
  return hour + ((days.weekend >> weekday) & 1 ? kDayHours : 0);
}

CalendarProfile calendar_profile(const CalendarSeries& series, const CalendarDays& days,
                                 std::span<const KnownEvent> events) {
  CHECK(series.step > 0, "step {}", series.step);
  const auto owner = owners(series, events);
  CalendarProfile out = learn_days(series, days, owner);
  std::vector<std::uint32_t> kinds;
  for (const KnownEvent& event : events) kinds.push_back(event.kind);
  std::sort(kinds.begin(), kinds.end());
  kinds.erase(std::unique(kinds.begin(), kinds.end()), kinds.end());
  std::vector<std::vector<EventValue>> values(kinds.size());
  for (std::size_t i = 0; i < owner.size(); ++i) {
    if (owner[i] == kNoEvent || std::isnan(series.values[i])) continue;
    const KnownEvent& event = events[owner[i]];
    const double usual = day_cell(out, time_of(series, i)).centre;
    if (std::isnan(usual)) continue;
    const auto kind = std::lower_bound(kinds.begin(), kinds.end(), event.kind) - kinds.begin();
    values[static_cast<std::size_t>(kind)].push_back(
        {owner[i], event_hour(time_of(series, i), event), series.values[i] - usual});
  }
  for (std::size_t at = 0; at < kinds.size(); ++at)
    out.events.push_back(learn_event(kinds[at], values[at], events));
  return out;
}

CalendarCell usual_at(const CalendarProfile& profile, TimestampMs time, std::span<const KnownEvent> events) {
  CalendarCell out = day_cell(profile, time);
  for (const KnownEvent& event : events) {
    if (time < event.from || time >= event.to) continue;
    const auto kind =
        std::lower_bound(profile.events.begin(), profile.events.end(), event.kind,
                         [](const EventProfile& one, std::uint32_t number) { return one.kind < number; });
    const std::size_t hour = event_hour(time, event);
    if (kind == profile.events.end() || kind->kind != event.kind || !kind->use ||
        hour >= kind->hours.size() || kind->hours[hour].count == 0)
      return {kNone, kNone, 0};
    const CalendarCell& added = kind->hours[hour];
    return {out.centre + added.centre, added.spread, added.count};
  }
  return out;
}

CalendarChoice choose_calendar(const CalendarSeries& series, const CalendarDays& days,
                               std::span<const KnownEvent> events) {
  CHECK(series.step > 0, "step {}", series.step);
  CalendarChoice out{false, 0, kNone, kNone, kNone, kNone};
  const std::size_t week_steps = static_cast<std::size_t>((kWeekMs + series.step - 1) / series.step);
  const std::size_t weeks = series.values.size() / week_steps;
  if (weeks < kCalendarWeeksMin) return out;
  const auto owner = owners(series, events);
  std::vector<double> values(series.values.begin(), series.values.end());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (owner[i] != kNoEvent) values[i] = kNone;
  }
  const std::size_t test_count = weeks / 3 * week_steps;
  const std::size_t train_count = values.size() - test_count;
  const auto train = std::span<const double>(values).first(train_count);
  const auto test = std::span<const double>(values).subspan(train_count);
  out.flat = error_of(test);

  const CalendarProfile profile = learn_days({series.start, series.step, train}, days,
                                             std::span<const std::size_t>(owner).first(train_count));
  std::vector<double> rests(test_count);
  for (std::size_t i = 0; i < test_count; ++i)
    rests[i] = test[i] - day_cell(profile, time_of(series, train_count + i)).centre;
  out.calendar = error_of(rests);

  SeasonScratch scratch;
  std::vector<double> plain;
  for (const auto& [span, error] : {std::pair{kDayMs, &out.day}, {kWeekMs, &out.week}}) {
    const auto period = static_cast<std::size_t>(span / series.step);
    if (span % series.step != 0 || period < 2) continue;
    plain.resize(period);
    seasonal_profile(train, period, scratch, plain);
    for (std::size_t i = 0; i < test_count; ++i) rests[i] = test[i] - plain[(train_count + i) % period];
    *error = error_of(rests);
  }
  // What cannot be had is NaN and loses every comparison.
  const double simpler = out.day < out.flat ? out.day : out.flat;
  const double best = out.week < simpler ? out.week : simpler;
  if (!(best > 0) || std::isnan(out.calendar)) return out;
  out.gain = 1 - out.calendar / best;
  const double margin = kCalendarGainMin + kCalendarGainOnce / static_cast<double>(weeks / 3);
  out.use = out.calendar <= (1 - margin) * simpler && !(out.week <= out.calendar);
  return out;
}

}  // namespace trimtab::kernels
