// SPDX-License-Identifier: Apache-2.0
#include "analyze/expected.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "estate/glob.h"

namespace trimtab::analyze {
namespace {

using kernels::Cells;
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr std::uint8_t kFree = 0;
constexpr std::uint8_t kUnknown = 1;   // in an event of which nothing is known
constexpr std::uint8_t kExpected = 2;  // in one whose kind is known

// A cell stands for the middle of its time.
TimestampMs middle(const Cells& cells, std::size_t i) { return cells.end(i) - cells.step_ms / 2; }

// How many cells make one of the calendar's; 0: none that divides a day.
std::size_t calendar_width(const Cells& cells) {
  std::size_t width = static_cast<std::size_t>(std::max<DurationMs>(1, kCalendarCellMs / cells.step_ms));
  for (; width > 0; --width) {
    if (kDayMs % (static_cast<DurationMs>(width) * cells.step_ms) == 0) return width;
  }
  return 0;
}

kernels::CalendarSeries coarse_series(const Cells& cells, std::span<const double> values, std::size_t width,
                                      std::vector<double>& out) {
  out.clear();
  for (std::size_t from = 0; from + width <= values.size(); from += width) {
    double sum = 0;
    double count = 0;
    for (const double value : values.subspan(from, width)) {
      if (std::isnan(value)) continue;
      sum += value;
      ++count;
    }
    out.push_back(count > 0 ? sum / count : kNone);
  }
  const DurationMs step_ms = static_cast<DurationMs>(width) * cells.step_ms;
  return {.start = cells.end(0) - cells.step_ms + step_ms / 2, .step = step_ms, .values = out};
}

// [first, last) of the first `count` cells that lie in the event.
std::pair<std::size_t, std::size_t> cells_of(const Cells& cells, std::size_t count,
                                             const kernels::KnownEvent& event) {
  const TimestampMs start_ms = middle(cells, 0);
  const auto at_or_after = [&](TimestampMs time) {
    if (time <= start_ms) return std::size_t{0};
    return std::min(count, static_cast<std::size_t>((time - start_ms + cells.step_ms - 1) / cells.step_ms));
  };
  return {at_or_after(event.from), at_or_after(event.to)};
}

}  // namespace

void view_calendar(const Calendar& calendar, std::span<const EventSpan> spans, const std::string& entity,
                   CalendarView& out) {
  out.days = {.utc_offset_minutes = calendar.utc_offset_minutes, .weekend = calendar.weekend};
  out.events.clear();
  out.names.clear();
  std::size_t asked = calendar.events.size();
  bool concerned = false;
  for (const EventSpan& span : spans) {
    const CalendarEvent& event = calendar.events[span.event];
    if (span.event != asked) concerned = glob_match_any(event.entities, entity);
    asked = span.event;
    if (!concerned) continue;
    const auto known = std::find(out.names.begin(), out.names.end(), event.name);
    const auto kind = static_cast<std::uint32_t>(known - out.names.begin());
    if (known == out.names.end()) out.names.push_back(event.name);
    out.events.push_back({.from = span.from_ms, .to = span.to_ms, .kind = kind});
  }
}

double calendar_gain(const Cells& cells, std::span<const double> values, const CalendarView& view,
                     ExpectScratch& scratch) {
  constexpr DurationMs kLeast = static_cast<DurationMs>(kernels::kCalendarWeeksMin) * kWeekMs;
  if (static_cast<DurationMs>(cells.count) * cells.step_ms < kLeast || cells.step_ms > kHourMs) return 0;
  const std::size_t width = calendar_width(cells);
  if (width == 0) return 0;
  const auto series = coarse_series(cells, values, width, scratch.coarse);
  const kernels::CalendarChoice choice = kernels::choose_calendar(series, view.days, view.events);
  return choice.use ? choice.gain : 0;
}

bool take_off_calendar(const Cells& cells, std::size_t learnt, const CalendarView& view,
                       ExpectScratch& scratch, std::span<double> rest, std::span<double> season) {
  const std::size_t width = calendar_width(cells);
  if (width == 0) return false;
  const auto series = coarse_series(cells, rest.first(learnt), width, scratch.coarse);
  const kernels::CalendarProfile profile = kernels::calendar_profile(series, view.days);
  if (std::isnan(profile.all.centre)) return false;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    const double beyond = kernels::usual_at(profile, middle(cells, i)).centre - profile.all.centre;
    rest[i] -= beyond;
    season[i] += beyond;
  }
  return true;
}

bool leave_out_events(const Cells& cells, std::size_t learnt, const CalendarView& view,
                      std::span<double> rest) {
  if (view.events.empty()) return false;
  const auto known = [](double value) { return !std::isnan(value); };
  const std::span<double> past = rest.first(learnt);
  std::vector<double> without(past.begin(), past.end());
  for (const kernels::KnownEvent& event : view.events) {
    const auto [first, last] = cells_of(cells, learnt, event);
    for (std::size_t i = first; i < last; ++i) without[i] = kNone;
  }
  const auto before = std::count_if(past.begin(), past.end(), known);
  const auto after = std::count_if(without.begin(), without.end(), known);
  if (after == before || 2 * after < before) return false;
  std::copy(without.begin(), without.end(), past.begin());
  return true;
}

EventNow expect_events(const Cells& cells, std::size_t learnt, std::size_t window, const CalendarView& view,
                       std::span<const double> values, ExpectScratch& scratch, std::span<double> rest,
                       std::span<double> season) {
  EventNow now;
  if (view.events.empty()) return now;
  const std::size_t width = calendar_width(cells);
  kernels::CalendarProfile profile;
  if (width > 0) {
    scratch.rest.assign(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(learnt));
    for (std::size_t i = 0; i < learnt; ++i) scratch.rest[i] -= season[i];
    profile = kernels::calendar_profile(coarse_series(cells, scratch.rest, width, scratch.coarse), view.days,
                                        view.events);
  }
  scratch.owned.assign(values.size(), kFree);
  std::size_t newest = 0;
  for (const kernels::KnownEvent& event : view.events) {
    const auto [first, last] = cells_of(cells, values.size(), event);
    for (std::size_t i = first; i < last; ++i) {
      if (scratch.owned[i] != kFree) continue;
      const double usual =
          width > 0 ? kernels::usual_at(profile, middle(cells, i), {&event, 1}).centre : kNone;
      const double beyond = usual - profile.all.centre;
      scratch.owned[i] = std::isnan(beyond) ? kUnknown : kExpected;
      if (i + window >= values.size() && i >= newest) {
        newest = i;
        now = {.name = view.names[event.kind], .expected = scratch.owned[i] == kExpected};
        for (const kernels::EventProfile& kind : profile.events) {
          if (kind.kind == event.kind) now.occurrences = kind.occurrences;
        }
      }
      if (scratch.owned[i] == kUnknown) continue;
      season[i] += beyond;
      rest[i] = values[i] - season[i];
    }
  }
  return now;
}

}  // namespace trimtab::analyze
