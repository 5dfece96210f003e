// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "analyze/learn.h"
#include "analyze/onset.h"
#include "analyze/verdict.h"
#include "kernels/resample.h"
#include "kernels/rolling_mean.h"
#include "kernels/seasonality.h"
#include "kernels/tail.h"

namespace trimtab::analyze {

struct JudgeOptions {
  DurationMs window_ms = 0;   // what counts as now; 0: kWindowMs, at least kWindowCellsMin cells
  double resolution = 0;      // smallest meaningful difference (one count per cell, ...)
  bool whole_numbers = true;  // a series of whole numbers has at least resolution 1: counts do not split
  double full_share = 0;      // of a share: 1 or 100. Near it, as near 0, small differences count
  double change_min = 0;      // smallest absolute change that matters
  double relative_change_min = 0.1;        // and relative to the usual; 0 for shares that live near 0 or 1
  const CalendarView* calendar = nullptr;  // of this series; null: UTC, no events
};

// Per thread; grows to the longest series and then allocates no more.
struct JudgeScratch {
  std::vector<double> residual;
  std::vector<double> season;  // what was taken off each cell
  std::vector<double> profile;
  std::vector<double> values;
  std::vector<double> deviations;
  std::vector<double> level_sample;
  std::vector<double> move_sample;
  std::vector<double> block_medians;
  std::vector<double> local_usual;
  kernels::SeasonScratch seasonality;
  kernels::TailScratch tail;
  kernels::RollingMean rolling;
  OnsetScratch onset;
  ExpectScratch expecting;
};

// Is the newest part of this series out of the ordinary against its own past? docs/methods.md tells the
// whole method; in short:
//   1. the profiles of the seasons learnt, the calendar or the first day are taken off, known events are left
//      out of the reference or expected to be as earlier ones (expected.h), and what lies before the one
//      lasting change of level in the past is no reference (learn.h);
//   2. one short past episode is left out of the reference (several are how the series behaves);
//   3. the mean of the last k cells, for k from a fraction of the window up to sixteen windows, is held
//      against the same mean everywhere in the reference (all but the recent part): its level, and its move
//      against the local usual of a while before. Both must be rare: rare by Student's t over independent
//      blocks, and rare by the empirical tail;
//   4. changes too small to matter are vetoed;
//   5. the onset is the newest change point that moves that far (onset.h).
// `values` are the cells (NaN: none), the last one is now. Fills the verdict but for its limit and
// sparkline. Cost: about 0.2 ms per 1000 cells.
Verdict judge_cells(const kernels::Cells& cells, std::span<const double> values, const JudgeOptions& options,
                    const Learnt& learnt, JudgeScratch& scratch);

// The season that judge_cells found stays in scratch.season: values minus it are deseasonalised.

std::size_t window_cells(DurationMs step_ms, DurationMs window_ms);
// How many of the first cells are the past that the newest are held against.
std::size_t reference_cells(const kernels::Cells& cells, DurationMs window_ms);

inline constexpr DurationMs kWindowMs = 30 * kMinuteMs;
inline constexpr std::size_t kWindowCellsMin = 5;
inline constexpr DurationMs kHistoryMin = 2 * kHourMs;  // less than this is too short to know the usual
inline constexpr std::size_t kReferenceCellsMin = 36;
inline constexpr double kReferencePresentShareMin = 0.3;  // below: too sparse
inline constexpr double kEffectMin = 2;                   // robust standard deviations
inline constexpr double kEpisodeScales = 6;               // beyond: part of a past episode
inline constexpr double kEpisodeShareMax = 0.05;    // of the reference; longer is a level, not an episode
inline constexpr std::size_t kEpisodeCellsMin = 3;  // fewer are spikes
inline constexpr double kInterestingProbability = 1e-3;  // rarer than this is kept as possible evidence

}  // namespace trimtab::analyze
