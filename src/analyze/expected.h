// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/time.h"
#include "estate/calendar.h"
#include "kernels/resample.h"
#include "kernels/season/calendar_profile.h"

// What a series is expected to be by the estate's calendar: on workdays and weekend days, and in known
// events.
namespace trimtab::analyze {

// The calendar as it concerns one series.
struct CalendarView {
  kernels::CalendarDays days;
  std::vector<kernels::KnownEvent> events;  // in the time looked at; the first of overlapping ones counts
  std::vector<std::string> names;           // by kind
};

// The events of the spans that concern the entity. `spans` are those of calendar.spans().
void view_calendar(const Calendar& calendar, std::span<const EventSpan> spans, const std::string& entity,
                   CalendarView& out);

// Per thread; grows to the longest series and then allocates no more (the kernel's own tables apart).
struct ExpectScratch {
  std::vector<double> coarse;
  std::vector<double> rest;
  std::vector<std::uint8_t> owned;
};

// By how much the calendar beats what is known without one (kernels::choose_calendar, over means of
// kCalendarCellMs), 0 where it does not, or where the cells are fewer than kCalendarWeeksMin weeks or do not
// divide a day.
double calendar_gain(const kernels::Cells& cells, std::span<const double> values, const CalendarView& view,
                     ExpectScratch& scratch);

// Learns the calendar from the first `learnt` cells of rest; takes what it says beyond its own median off all
// cells of rest and adds it to season. False, and nothing done, where the cells do not divide a day.
bool take_off_calendar(const kernels::Cells& cells, std::size_t learnt, const CalendarView& view,
                       ExpectScratch& scratch, std::span<double> rest, std::span<double> season);

// Makes the first `learnt` cells of rest that lie in events NaN, so that no other time is expected to be like
// them. False, and nothing done, when no event is there or less than half of the values would remain.
bool leave_out_events(const kernels::Cells& cells, std::size_t learnt, const CalendarView& view,
                      std::span<double> rest);

struct EventNow {
  std::string name{};           // "": none
  bool expected = false;        // earlier events of its kind say what is usual
  std::size_t occurrences = 0;  // of those
};

// After leave_out_events: where earlier events of a kind predict the last one better than nothing
// (EventProfile::use), all cells of that kind get what is usual in it into season and their rest back. Others
// stay as they are. Returns the event of the newest of the last `window` cells that lies in one.
EventNow expect_events(const kernels::Cells& cells, std::size_t learnt, std::size_t window,
                       const CalendarView& view, std::span<const double> values, ExpectScratch& scratch,
                       std::span<double> rest, std::span<double> season);

// Cells of the calendar are hours of a day; quarters of them are learnt from.
inline constexpr DurationMs kCalendarCellMs = 15 * kMinuteMs;

}  // namespace trimtab::analyze
