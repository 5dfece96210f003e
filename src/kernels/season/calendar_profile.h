// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/time.h"

// What a series usually is at this hour on this kind of day, and during events that were declared. Pure; the
// series is evenly spaced, NaN where there is no value, times in UTC milliseconds
// within kTimestampMin to kTimestampMax.
namespace trimtab::kernels {

inline constexpr std::size_t kDayHours = 24;
inline constexpr std::size_t kCellValuesMin = 5;     // below, a cell is too thin to speak
inline constexpr std::size_t kCalendarWeeksMin = 3;  // two to learn from, one to be tried on
// Share of the error of simpler profiles that it must save: kCalendarGainMin + kCalendarGainOnce / weeks
// tried. Red noise saves by chance, the more the fewer weeks it is tried on.
inline constexpr double kCalendarGainMin = 0.05;
inline constexpr double kCalendarGainOnce = 0.15;
inline constexpr std::size_t kEventOccurrencesMin = 3;  // two to learn from, one to be tried on
inline constexpr std::size_t kEventHoursMax = 72;       // the last cell holds what is longer

struct CalendarSeries {
  TimestampMs start = 0;  // of values[0]
  DurationMs step = 0;    // above 0
  std::span<const double> values;
};

struct CalendarDays {
  int utc_offset_minutes = 0;        // local time less UTC, one for the whole series
  std::uint8_t weekend = 0b1100000;  // bit 0 Monday ... bit 6 Sunday
};

// A known span [from, to). Events of one kind (a monthly job, a sale) are expected to look alike. Where
// events overlap the first of the list counts.
struct KnownEvent {
  TimestampMs from = 0, to = 0;
  std::uint32_t kind = 0;
};

struct CalendarCell {
  double centre = 0;      // median; NaN without values
  double spread = 0;      // 1.4826 x median absolute deviation, no floor: 0 where all are alike
  std::size_t count = 0;  // values it rests on
};

struct EventProfile {
  std::uint32_t kind = 0;
  std::size_t occurrences = 0;      // events of this kind that hold values
  std::vector<CalendarCell> hours;  // what is added to the calendar's centre, by hour since the event's start
  // It predicts the last occurrence, unseen, better than no profile does; never below kEventOccurrencesMin.
  bool use = false;
};

struct CalendarProfile {
  CalendarDays days;
  std::array<CalendarCell, 2 * kDayHours> cells;  // by hour of the local day: workdays, then weekend days
  std::array<CalendarCell, kDayHours> hours;      // by hour, both kinds of day
  CalendarCell all;
  std::vector<EventProfile> events;  // by kind
};

// Cell of a time: hour of the local day, plus kDayHours on weekend days.
std::size_t calendar_cell(TimestampMs time, const CalendarDays& days);

// Learns from all values outside of events; the events' own profiles from the values within. O(n) for
// n values and O(n) per overlapping event. Requires: step > 0.
CalendarProfile calendar_profile(const CalendarSeries& series, const CalendarDays& days,
                                 std::span<const KnownEvent> events = {});

// What is usual at a time: the cell, or where it is thin its hour on all days, or all values. Within an event
// whose kind has a profile in use: that added, and its spread. Within any other event NaN: nothing is known,
// so nothing should be judged.
CalendarCell usual_at(const CalendarProfile& profile, TimestampMs time,
                      std::span<const KnownEvent> events = {});

struct CalendarChoice {
  // It saves enough (above) of the error of what is simpler than itself (no profile, a day), and beats what
  // is less simple (a week, whose phases are many more than 48 cells) at all.
  bool use = false;
  double gain = 0;  // 1 - error of the calendar / least error of the others
  // Mean absolute error at the unseen third, outside of events, each after its own median there is taken off
  // so that a moved level counts for none. NaN where it cannot be had (a day or week that is no whole number
  // of steps).
  double calendar = 0, flat = 0, day = 0, week = 0;
};

// Whether the calendar beats what is known without one: no profile, and the plain seasonal profiles of a day
// and a week (seasonal_profile), all learnt from the first two thirds and tried on the last third, in whole
// weeks. Fewer than kCalendarWeeksMin weeks: not used, gain 0.
CalendarChoice choose_calendar(const CalendarSeries& series, const CalendarDays& days,
                               std::span<const KnownEvent> events = {});

}  // namespace trimtab::kernels
