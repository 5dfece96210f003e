// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "analyze/expected.h"
#include "base/time.h"
#include "kernels/change/change_points.h"
#include "kernels/resample.h"
#include "kernels/season/find_seasons.h"
#include "kernels/seasonality.h"

namespace trimtab::analyze {

// What a series' older past says about it, before anything is judged: slow to find out, slow to change, and
// so learnt once in kLearnEveryMs and remembered (memory.h).
struct Learnt {
  static constexpr std::size_t kSeasonsMax = 3;
  std::array<std::uint32_t, kSeasonsMax> season_ms{};  // periods, the longest first; 0: none
  // When the one lasting change of level in the past came; 0: there was none, or there were several, and
  // then steps are how this series behaves. What was before it is no usual of today.
  TimestampMs level_since_ms = 0;
  // Above 0: workdays and weekend days, by the hour, are expected instead of seasons of a day and more; the
  // share of the error that this saved (CalendarChoice::gain).
  float calendar_gain = 0;
  bool first_day = false;  // the first day is what the later ones are expected to be like
  friend bool operator==(const Learnt&, const Learnt&) = default;
};
static_assert(kWeekMs <= 0xffff'ffff, "a period fits season_ms");

// Per thread; grows to the longest series and then allocates no more.
struct LearnScratch {
  std::vector<double> values;  // cells being learnt from
  std::vector<double> coarse;
  std::vector<double> rest;
  std::vector<double> profile;
  kernels::SeasonSearch search;
  kernels::SeasonScratch seasonality;
  kernels::ChangeWorkspace changes;
  std::vector<kernels::ChangePoint> found;
  std::vector<double> outside;  // values outside of events
  std::vector<double> season;
  ExpectScratch expecting;
};

// Pure: the same cells give the same answer.
//   Seasons: find_seasons over means of cells, at most kSeasonCellsMax of them. A period within 2 %, or one
//   cell, of a round one (an hour, day, week, ...) is that one: people and schedules keep round times. Each
//   must predict unseen cells at full resolution by kSeasonalGainMin as well, which a period that only the
//   coarse cells show (an alias) does not. Calendar: where it beats a day and a week (calendar_gain), it
//   takes their place. First day: with one and a half to three days and no season of a day found, where it
//   predicts the others by kFirstDayGainMin. Level: find_changes over means of at most kLevelCellsMax
//   stretches, all that off; a step counts when it is lasting, wide and sure. Values in known events are left
//   out of it all.
Learnt learn(const kernels::Cells& cells, std::span<const double> values, LearnScratch& scratch,
             const CalendarView& calendar = {});

// Which cells are learnt from when `judged` are the cells judged of which the first `reference_end` are the
// past: the newest stretch that ends at a multiple of kLearnEveryMs (shifted by `phase_ms`, so that not all
// series learn in one pass) inside the past, and is inside every reading of history_ms that has the same end.
// Its cells depend on that end only, not on the moment asked for. count 0: too short.
kernels::Cells cells_to_learn(const kernels::Cells& judged, std::size_t reference_end, TimestampMs first_ms,
                              DurationMs history_ms, DurationMs phase_ms);

// What the days after the first `day` cells of the past are expected to be like: seasonal_profile of those
// cells without the drift from each to the same time of the next day (its median; a trend is no daily swing).
// Requires: past.size() > day, profile.size() == day > 1.
void first_day_profile(std::span<const double> past, std::size_t day, kernels::SeasonScratch& scratch,
                       std::span<double> profile);

inline constexpr DurationMs kLearnEveryMs = kHourMs;
inline constexpr std::size_t kSeasonCellsMax = 2048;
inline constexpr std::size_t kLevelCellsMax = 192;
inline constexpr double kSeasonalGainMin = 0.1;
inline constexpr std::size_t kLearnCellsMin = 36;
inline constexpr double kFirstDayGainMin = 0.5;
inline constexpr double kFirstDaySwing = 0.5;  // of the first day's swing, that another day's may differ by
inline constexpr DurationMs kFirstDayPastMin = 36 * kHourMs;
// A change of level that counts: probability, size in spreads around it, how far the values of both sides are
// apart (Cliff's delta), and the share of the past that must come after it.
inline constexpr double kLevelProbabilityMax = 1e-6;
inline constexpr double kLevelEffectMin = 3;
inline constexpr double kLevelDominanceMin = 0.8;
inline constexpr double kLevelShareMin = 0.25;
inline constexpr DurationMs kLevelPastMin = kDayMs;  // a shorter past does not show whether steps are a habit

}  // namespace trimtab::analyze
