// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "kernels/change/segmentation.h"
#include "kernels/season/find_seasons.h"

// Where a series changed its level or its slope, and how sure that is.
//
// 0. A clear season (find_seasons in the newest values, strength above season_strength) is taken off.
// 1. Single wild values are pulled in (3 noise scales around a running median). Noise is the robust spread of
// first
//    differences, so that steps do not count as noise.
// 2. The cheapest cut into level or straight stretches; a cut costs kPrice * log(n) times the noise variance
//    plus a small share of the whole variance: what is small against the whole is no change to a reader.
// 3. Every cut must stand against its neighbours by a t-test whose variance is that of the two stretches
// around it
//    with their own autocorrelation; the weakest cut goes first and the rest is judged anew. This is what
//    keeps random walks and bimodal noise from being cut to pieces.
// 4. A rank test gives a second opinion on every step that no outlier can sway; the larger probability
// counts.
//
// The order of ideas (weak points first, then merging by significance) is that of E-divisive with a t-test
// (Matteson and James 2014; Fleming et al., "Hunter", ICPE 2023).
namespace trimtab::kernels {

enum class ChangeKind { kStep, kBend };  // a bend: the slope changes, the level hardly jumps

struct ChangePoint {
  std::size_t index = 0;  // first cell of the new stretch
  ChangeKind kind = ChangeKind::kStep;
  double before = 0;            // median of the stretch before (its last kSideMax cells)
  double after = 0;             // median of the stretch after (its first kSideMax cells)
  double effect = 0;            // (after - before) / spread within the two stretches
  double t_probability = 1;     // of a gain in fit so large without a change
  double rank_probability = 1;  // Mann-Whitney between the two sides; 1 for bends, where it says nothing
  double dominance = 0;         // Cliff's delta: P(after > before) - P(after < before), in [-1, 1]
  bool went_away = false;       // the next change brings the old level back soon
  double probability() const {
    return kind == ChangeKind::kBend || t_probability > rank_probability ? t_probability : rank_probability;
  }
};

struct ChangeOptions {
  double price = 6;  // kPrice above, in noise variances times log(n)
  double whole_variance_share = 0.02;
  double significance = 4;          // t^2 of a cut, in log(n)
  double dominance_min = 0.2;       // effect-size veto for steps, |Cliff's delta|
  std::size_t cells_min = 3;        // of a stretch
  double season_strength = 0.4;     // a season of at least this strength is taken off first; above 1: none is
  std::size_t went_away_cells = 0;  // drops excursions up to this long that come back; 0 keeps them
};

struct ChangeWorkspace {
  std::vector<double> values, scratch, blocks, residuals;
  std::vector<std::size_t> cells, starts, cuts, candidates;
  std::vector<std::pair<double, bool>> ranked;
  SegmentSums sums, block_sums;
  SegmentationScratch segmentation;
  SeasonSearch season;
  std::vector<double> profile;
};

// NaN cells are skipped. Fewer than 2 * cells_min values, or all equal: none. Deterministic; invariant to
// shift and positive scale up to rounding. Cost: O(n^2) at worst up to kExactMax values (about 10 ms there),
// about 0.5 us per value beyond, where cuts are searched in windows on several scales first. Allocates only
// while the workspace grows.
void find_changes(std::span<const double> values, const ChangeOptions& options, ChangeWorkspace& workspace,
                  std::vector<ChangePoint>& out);

inline constexpr std::size_t kExactMax = 2048;
inline constexpr std::size_t kSideMax = 100;

}  // namespace trimtab::kernels
