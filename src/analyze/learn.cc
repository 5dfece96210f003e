// SPDX-License-Identifier: Apache-2.0
#include "analyze/learn.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "kernels/quantile.h"

namespace trimtab::analyze {
namespace {

using kernels::Cells;

constexpr std::array<DurationMs, 14> kRoundPeriods{
    kWeekMs,     kDayMs,  12 * kHourMs,   8 * kHourMs,    6 * kHourMs,    4 * kHourMs,    3 * kHourMs,
    2 * kHourMs, kHourMs, 30 * kMinuteMs, 20 * kMinuteMs, 15 * kMinuteMs, 10 * kMinuteMs, 5 * kMinuteMs};

// Means of `width` cells; NaN where there are none.
void coarsen(std::span<const double> values, std::size_t width, std::vector<double>& out) {
  out.clear();
  for (std::size_t from = 0; from + width <= values.size(); from += width) {
    double sum = 0;
    double count = 0;
    for (const double value : values.subspan(from, width)) {
      if (std::isnan(value)) continue;
      sum += value;
      ++count;
    }
    out.push_back(count > 0 ? sum / count : std::numeric_limits<double>::quiet_NaN());
  }
}

// Cells per coarse cell: the least that keeps within the bound and divides an hour, so that round periods
// are whole numbers of coarse cells.
std::size_t coarse_width(const Cells& cells, std::size_t count_max) {
  std::size_t width = (cells.count + count_max - 1) / count_max;
  if (cells.step_ms < kHourMs && kHourMs % cells.step_ms == 0) {
    const auto hour = static_cast<std::size_t>(kHourMs / cells.step_ms);
    while (width < hour && hour % width != 0) ++width;
  }
  return width;
}

// The round period this one stands for, or itself.
DurationMs rounded(DurationMs period_ms, DurationMs cell_ms) {
  for (const DurationMs round : kRoundPeriods) {
    const DurationMs away = std::abs(period_ms - round);
    // One coarse cell is much of a short period: there only the 2 % count.
    if (away * 50 <= round || (away <= cell_ms && cell_ms * 8 <= round)) return round;
  }
  return period_ms;
}

// Takes the profile of a period off; true if that predicts unseen cells better.
bool take_off(std::vector<double>& rest, std::size_t period, double gain_min, LearnScratch& scratch) {
  if (period < 4 || rest.size() / period < kernels::kCyclesMin) return false;
  if (kernels::seasonal_gain(rest, period, scratch.seasonality) < gain_min) return false;
  scratch.profile.resize(period);
  kernels::seasonal_profile(rest, period, scratch.seasonality, scratch.profile);
  for (std::size_t i = 0; i < rest.size(); ++i) rest[i] -= scratch.profile[i % period];
  return true;
}

void learn_seasons(const Cells& cells, std::span<const double> values, Learnt& out, LearnScratch& scratch) {
  const std::size_t width = coarse_width(cells, kSeasonCellsMax);
  coarsen(values, width, scratch.coarse);
  const DurationMs coarse_ms = static_cast<DurationMs>(width) * cells.step_ms;
  std::vector<kernels::Season> found = kernels::find_seasons(scratch.coarse, scratch.search);
  if (found.empty()) return;
  // The longest first: under the wave of a day an hour's profile would predict little.
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.period > b.period; });
  scratch.rest.assign(values.begin(), values.end());
  std::size_t kept = 0;
  for (const kernels::Season& season : found) {
    if (kept == Learnt::kSeasonsMax) break;
    const DurationMs period_ms = rounded(static_cast<DurationMs>(season.period) * coarse_ms, coarse_ms);
    if (period_ms % cells.step_ms != 0 || period_ms > kWeekMs) continue;
    const auto already = static_cast<std::uint32_t>(period_ms);
    if (std::find(out.season_ms.begin(), out.season_ms.end(), already) != out.season_ms.end()) continue;
    const auto period = static_cast<std::size_t>(period_ms / cells.step_ms);
    if (!take_off(scratch.rest, period, kSeasonalGainMin, scratch)) continue;
    out.season_ms[kept++] = already;
  }
}

// Mean distance from their median.
double spread_of(std::span<const double> values, std::vector<double>& scratch) {
  scratch.clear();
  for (const double value : values) {
    if (!std::isnan(value)) scratch.push_back(value);
  }
  if (scratch.empty()) return 0;
  const double centre = kernels::median_in_place(scratch);
  double sum = 0;
  for (const double value : scratch) sum += std::abs(value - centre);
  return sum / static_cast<double>(scratch.size());
}

// The first day as the profile of the days after it, tried on them at full resolution.
void learn_first_day(const Cells& cells, Learnt& out, LearnScratch& scratch) {
  const DurationMs past_ms = static_cast<DurationMs>(cells.count) * cells.step_ms;
  if (past_ms < kFirstDayPastMin || past_ms >= static_cast<DurationMs>(kernels::kCyclesMin) * kDayMs) return;
  if (kDayMs % cells.step_ms != 0 || cells.step_ms > kHourMs) return;
  const auto day = static_cast<std::size_t>(kDayMs / cells.step_ms);
  scratch.profile.resize(day);
  first_day_profile(scratch.rest, day, scratch.seasonality, scratch.profile);
  const std::span<const double> later = std::span(scratch.rest).subspan(day);
  const double without = spread_of(later, scratch.coarse);
  scratch.season.assign(later.begin(), later.end());
  for (std::size_t i = 0; i < later.size(); ++i) scratch.season[i] -= scratch.profile[i % day];
  out.first_day = spread_of(scratch.season, scratch.coarse) < (1 - kFirstDayGainMin) * without;
  if (!out.first_day) return;
  for (std::size_t i = 0; i < scratch.rest.size(); ++i) scratch.rest[i] -= scratch.profile[i % day];
}

void learn_level(const Cells& cells, std::span<const double> rest, Learnt& out, LearnScratch& scratch) {
  if (static_cast<DurationMs>(cells.count) * cells.step_ms < kLevelPastMin) return;
  const std::size_t width = (cells.count + kLevelCellsMax - 1) / kLevelCellsMax;
  coarsen(rest, width, scratch.coarse);
  kernels::find_changes(scratch.coarse, {.went_away_cells = scratch.coarse.size() / 20}, scratch.changes,
                        scratch.found);
  std::optional<std::size_t> step;
  for (const kernels::ChangePoint& change : scratch.found) {
    const bool clear =
        change.kind == kernels::ChangeKind::kStep && change.probability() <= kLevelProbabilityMax &&
        std::abs(change.effect) >= kLevelEffectMin && std::abs(change.dominance) >= kLevelDominanceMin;
    if (!clear || step) return;  // it bends, wanders or steps often: that is how it behaves
    step = change.index;
  }
  if (!step) return;
  const double after = static_cast<double>(scratch.coarse.size() - *step);
  if (after < kLevelShareMin * static_cast<double>(scratch.coarse.size())) return;
  out.level_since_ms = cells.end(*step * width) - cells.step_ms;
}

}  // namespace

Learnt learn(const Cells& cells, std::span<const double> values, LearnScratch& scratch,
             const CalendarView& calendar) {
  Learnt out;
  if (cells.count < kLearnCellsMin) return out;
  if (!calendar.events.empty()) {
    scratch.outside.assign(values.begin(), values.end());
    if (leave_out_events(cells, cells.count, calendar, scratch.outside)) values = scratch.outside;
  }
  scratch.rest.assign(values.begin(), values.end());
  learn_seasons(cells, values, out, scratch);
  out.calendar_gain = static_cast<float>(calendar_gain(cells, values, calendar, scratch.expecting));
  if (out.calendar_gain > 0) {
    scratch.rest.assign(values.begin(), values.end());
    scratch.season.assign(values.size(), 0);
    take_off_calendar(cells, cells.count, calendar, scratch.expecting, scratch.rest, scratch.season);
  }
  if (out.season_ms[0] < kDayMs) learn_first_day(cells, out, scratch);
  learn_level(cells, scratch.rest, out, scratch);
  return out;
}

void first_day_profile(std::span<const double> past, std::size_t day, kernels::SeasonScratch& scratch,
                       std::span<double> profile) {
  scratch.values.clear();
  for (std::size_t i = day; i < past.size(); ++i) {
    const double drift = past[i] - past[i - day];
    if (!std::isnan(drift)) scratch.values.push_back(drift);
  }
  const double drift = scratch.values.empty() ? 0 : kernels::median_in_place(scratch.values);
  std::vector<double> first(past.begin(), past.begin() + static_cast<std::ptrdiff_t>(day));
  for (std::size_t i = 0; i < day; ++i) first[i] -= drift * static_cast<double>(i) / static_cast<double>(day);
  kernels::seasonal_profile(first, day, scratch, profile);
}

Cells cells_to_learn(const Cells& judged, std::size_t reference_end, TimestampMs first_ms,
                     DurationMs history_ms, DurationMs phase_ms) {
  Cells cells;
  cells.step_ms = judged.step_ms;
  if (reference_end == 0) return cells;
  const TimestampMs past_end_ms = judged.end(reference_end - 1);
  const DurationMs over_ms = (past_end_ms - phase_ms) % kLearnEveryMs;
  const TimestampMs end_ms = past_end_ms - (over_ms < 0 ? over_ms + kLearnEveryMs : over_ms);
  const DurationMs recent_ms = judged.end(judged.count - 1) - past_end_ms;
  const TimestampMs from_ms = std::max(first_ms - 1, end_ms + recent_ms + kLearnEveryMs - history_ms);
  if (end_ms <= from_ms) return cells;
  cells.count = static_cast<std::size_t>((end_ms - from_ms) / cells.step_ms);
  cells.first_end_ms = end_ms - static_cast<DurationMs>(cells.count - 1) * cells.step_ms;
  return cells;
}

}  // namespace trimtab::analyze
