// SPDX-License-Identifier: Apache-2.0
#include "kernels/change/change_points.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "kernels/distributions.h"
#include "kernels/quantile.h"

namespace trimtab::kernels {
namespace {

constexpr double kWildScales = 3;
constexpr std::size_t kMedianHalf = 7;
constexpr std::size_t kSeasonTailMax = 8192;  // newest values in which a season is looked for
constexpr std::size_t kSeasonCyclesMin = 5;
constexpr double kSwing = 0.3;  // of the season's variance counts as noise in the price of a cut: what is
                                // small against the swing is no change to a reader

// Variance of the noise from first differences: by their MAD, or, where most do not move at all, by their
// mean.
double noise_variance(std::span<const double> values, std::vector<double>& scratch) {
  scratch.clear();
  for (std::size_t i = 1; i < values.size(); ++i) scratch.push_back(values[i] - values[i - 1]);
  const double middle = median_in_place(scratch);
  double mean = 0;
  for (const double difference : scratch) mean += std::abs(difference - middle);
  mean /= static_cast<double>(scratch.size());
  double scale = mad_in_place(scratch, middle);
  if (scale == 0) scale = 1.2533 * mean;  // sqrt(pi / 2)
  return scale * scale / 2;
}

// Pulls values towards the median of the 15 cells around them.
void tame(std::span<const double> values, double scale, std::vector<double>& out) {
  const std::size_t n = values.size();
  out.resize(n);
  std::array<double, 2 * kMedianHalf + 1> sorted{};
  std::size_t count = 0;
  const auto insert = [&](double value) {
    std::size_t at = count++;
    for (; at > 0 && sorted[at - 1] > value; --at) sorted[at] = sorted[at - 1];
    sorted[at] = value;
  };
  const auto remove = [&](double value) {
    auto at = static_cast<std::size_t>(
        std::lower_bound(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(count), value) -
        sorted.begin());
    for (--count; at < count; ++at) sorted[at] = sorted[at + 1];
  };
  for (std::size_t i = 0; i < std::min(n, kMedianHalf); ++i) insert(values[i]);
  for (std::size_t i = 0; i < n; ++i) {
    if (i > kMedianHalf) remove(values[i - kMedianHalf - 1]);
    if (i + kMedianHalf < n) insert(values[i + kMedianHalf]);
    const double median = 0.5 * (sorted[(count - 1) / 2] + sorted[count / 2]);
    out[i] = std::clamp(values[i], median - kWildScales * scale, median + kWildScales * scale);
  }
}

double variance_of(std::span<const double> values) {
  double mean = 0, sum = 0;
  for (const double value : values) mean += value;
  mean /= static_cast<double>(values.size());
  for (const double value : values) sum += (value - mean) * (value - mean);
  return sum / static_cast<double>(values.size());
}

struct Judge {
  const SegmentSums& sums;
  std::span<const double> values;
  SegmentPrice price;
  double noise;
  std::vector<double>& residuals;

  bool straight(std::size_t from, std::size_t to) const {
    const auto error = sums.error(from, to);
    return to - from > 2 && error.line + price.line < error.level + price.level;
  }
  double cost(std::size_t from, std::size_t to) const {
    const auto error = sums.error(from, to);
    return straight(from, to) ? error.line : error.level;
  }
  // Lag-1 products and squares of the residuals of one stretch; only the kSideMax * 4 cells nearest the cut.
  void add_residuals(std::size_t from, std::size_t to, std::size_t look_from, std::size_t look_to,
                     double& squares, double& products) const {
    const double middle = static_cast<double>(from + to - 1) / 2;
    const double slope = straight(from, to) ? sums.slope(from, to) : 0;
    const double mean = sums.mean(from, to);
    double last = 0;
    for (std::size_t i = look_from; i < look_to; ++i) {
      const double residual = values[i] - mean - slope * (static_cast<double>(i) - middle);
      squares += residual * residual;
      if (i > look_from) products += residual * last;
      last = residual;
    }
  }

  struct Test {
    double statistic = 0;  // t^2
    double degrees = 1;
    double spread = 0;  // standard deviation within the stretches
  };
  Test test(std::size_t from, std::size_t cut, std::size_t to) const {
    constexpr std::size_t kLookMax = 4 * kSideMax;
    double squares = 0, products = 0;
    const std::size_t look_from = cut - from > kLookMax ? cut - kLookMax : from;
    const std::size_t look_to = to - cut > kLookMax ? cut + kLookMax : to;
    add_residuals(from, cut, look_from, cut, squares, products);
    add_residuals(cut, to, cut, look_to, squares, products);
    const double looked = static_cast<double>(look_to - look_from);
    const double correlation = squares > 0 ? std::clamp(products / squares, 0.0, 0.95) : 0;
    const double inflation = (1 + correlation) / (1 - correlation);
    const double within = squares / std::max(1.0, looked - 3);
    const double variance = std::max(within * inflation, 0.25 * noise);
    Test out;
    out.spread = std::sqrt(std::max(within, 0.25 * noise));
    const double gain = cost(from, to) - cost(from, cut) - cost(cut, to);
    out.statistic = variance > 0 ? std::max(0.0, gain) / variance : 0;
    out.degrees = std::max(1.0, (static_cast<double>(to - from) - 3) / inflation);
    return out;
  }
};

std::size_t start_of(const std::vector<std::size_t>& cuts, std::size_t i) { return i == 0 ? 0 : cuts[i - 1]; }
std::size_t end_of(const std::vector<std::size_t>& cuts, std::size_t i, std::size_t n) {
  return i + 1 < cuts.size() ? cuts[i + 1] : n;
}

// Takes the weakest cut out until all stand. Only the neighbours of a removed cut need judging again.
void merge_weak(const Judge& judge, double statistic_min, std::vector<std::size_t>& cuts,
                std::vector<double>& statistics) {
  const std::size_t n = judge.values.size();
  const auto statistic = [&](std::size_t i) {
    return judge.test(start_of(cuts, i), cuts[i], end_of(cuts, i, n)).statistic;
  };
  statistics.clear();
  for (std::size_t i = 0; i < cuts.size(); ++i) statistics.push_back(statistic(i));
  while (!cuts.empty()) {
    const auto weakest = std::min_element(statistics.begin(), statistics.end());
    if (*weakest >= statistic_min) break;
    const auto at = weakest - statistics.begin();
    cuts.erase(cuts.begin() + at);
    statistics.erase(weakest);
    for (std::ptrdiff_t i = at - 1; i <= at; ++i) {
      if (i < 0 || i >= static_cast<std::ptrdiff_t>(cuts.size())) continue;
      statistics[static_cast<std::size_t>(i)] = statistic(static_cast<std::size_t>(i));
    }
  }
}

// Mann-Whitney on the cells at both sides; probability two-sided with ties, dominance is Cliff's delta.
void rank_test(std::span<const double> before, std::span<const double> after, double shrink,
               std::vector<std::pair<double, bool>>& ranked, ChangePoint& out) {
  ranked.clear();
  for (const double value : before) ranked.emplace_back(value, false);
  for (const double value : after) ranked.emplace_back(value, true);
  std::sort(ranked.begin(), ranked.end());
  const double n = static_cast<double>(ranked.size());
  const double n_after = static_cast<double>(after.size());
  const double n_before = static_cast<double>(before.size());
  double rank_sum = 0, ties = 0;
  for (std::size_t i = 0; i < ranked.size();) {
    std::size_t end = i;
    double mine = 0;
    for (; end < ranked.size() && ranked[end].first == ranked[i].first; ++end) mine += ranked[end].second;
    const double tied = static_cast<double>(end - i);
    rank_sum += mine * static_cast<double>(i + end + 1) / 2;
    ties += tied * tied * tied - tied;
    i = end;
  }
  const double u = rank_sum - n_after * (n_after + 1) / 2;
  out.dominance = 2 * u / (n_after * n_before) - 1;
  const double variance = n_after * n_before / 12 * (n + 1 - ties / (n * (n - 1)));
  const double z = variance > 0 ? std::abs(u - n_after * n_before / 2) / std::sqrt(variance) : 0;
  out.rank_probability = std::min(1.0, 2 * normal_tail(z * std::sqrt(shrink)));
}

ChangePoint describe(const Judge& judge, std::span<const double> values, std::size_t from, std::size_t cut,
                     std::size_t to, ChangeWorkspace& w) {
  ChangePoint change;
  change.index = cut;
  const std::size_t side_from = cut - from > kSideMax ? cut - kSideMax : from;
  const std::size_t side_to = to - cut > kSideMax ? cut + kSideMax : to;
  const auto before = values.subspan(side_from, cut - side_from);
  const auto after = values.subspan(cut, side_to - cut);
  w.scratch.assign(before.begin(), before.end());
  change.before = median_in_place(w.scratch);
  w.scratch.assign(after.begin(), after.end());
  change.after = median_in_place(w.scratch);
  const Judge::Test test = judge.test(from, cut, to);
  change.effect = test.spread > 0 ? (change.after - change.before) / test.spread : 0;
  change.t_probability = std::min(1.0, 2 * student_t_tail(std::sqrt(test.statistic), test.degrees));
  const double shrink = std::min(1.0, test.degrees / std::max(1.0, static_cast<double>(to - from) - 3));
  rank_test(before, after, shrink, w.ranked, change);
  // A bend: the two lines nearly meet at the cut, compared with how far the levels lie apart.
  if (judge.straight(from, cut) || judge.straight(cut, to)) {
    const auto at_cut = [&](std::size_t a, std::size_t b, double position) {
      const double slope = judge.straight(a, b) ? judge.sums.slope(a, b) : 0;
      return judge.sums.mean(a, b) + slope * (position - static_cast<double>(a + b - 1) / 2);
    };
    const double position = static_cast<double>(cut) - 0.5;
    const double jump = at_cut(cut, to, position) - at_cut(from, cut, position);
    if (std::abs(jump) < 2 * test.spread) change.kind = ChangeKind::kBend;
  }
  return change;
}

// Moves a cut to the best split of the cells around it.
std::size_t refine(const SegmentSums& sums, std::size_t from, std::size_t cut, std::size_t to) {
  std::size_t best = cut;
  double least = -1;
  for (std::size_t at = from + 1; at < to; ++at) {
    const double cost = sums.error(from, at).level + sums.error(at, to).level;
    if (least < 0 || cost < least) {
      least = cost;
      best = at;
    }
  }
  return best;
}

// Long series: cuts found in half-overlapping windows, on the values and on their means over 4, 16, ...
// cells.
void find_candidates(std::span<const double> values, const ChangeOptions& options, double whole_variance,
                     ChangeWorkspace& w) {
  constexpr std::size_t kWindow = 64;
  constexpr std::size_t kFactor = 4;
  const double log_n = std::log(static_cast<double>(values.size()));
  w.candidates.clear();
  w.blocks.assign(values.begin(), values.end());
  for (std::size_t width = 1; w.blocks.size() >= kWindow / 2; width *= kFactor) {
    const double noise = noise_variance(w.blocks, w.scratch);
    const double price = options.price * log_n * (noise + options.whole_variance_share * whole_variance);
    for (std::size_t from = 0; price > 0; from += kWindow / 2) {
      const std::size_t count = std::min(kWindow, w.blocks.size() - from);
      w.block_sums.build(std::span(w.blocks).subspan(from, count), w.blocks[from]);
      w.starts.resize(count);
      std::iota(w.starts.begin(), w.starts.end(), std::size_t{0});
      cheapest_segments(w.block_sums, w.starts, count, {price, 1.5 * price}, options.cells_min,
                        w.segmentation, w.cuts);
      for (const std::size_t cut : w.cuts) {
        const std::size_t at = (from + cut) * width;
        const std::size_t left = at > 2 * width ? at - 2 * width : 0;
        const std::size_t right = std::min(values.size(), at + 2 * width);
        w.candidates.push_back(width == 1 ? at : refine(w.sums, left, at, right));
      }
      if (from + count >= w.blocks.size()) break;
    }
    const std::size_t blocks = w.blocks.size() / kFactor;
    for (std::size_t i = 0; i < blocks; ++i) {
      double sum = 0;
      for (std::size_t k = 0; k < kFactor; ++k) sum += w.blocks[i * kFactor + k];
      w.blocks[i] = sum / kFactor;
    }
    w.blocks.resize(blocks);
  }
  w.candidates.push_back(0);
  std::sort(w.candidates.begin(), w.candidates.end());
  w.candidates.erase(std::unique(w.candidates.begin(), w.candidates.end()), w.candidates.end());
}

void mark_excursions(std::vector<ChangePoint>& changes, std::size_t cells_max) {
  for (std::size_t i = 0; i + 1 < changes.size(); ++i) {
    const ChangePoint& back = changes[i + 1];
    const double jump = std::abs(changes[i].after - changes[i].before);
    const bool returns = std::abs(back.after - changes[i].before) < 0.35 * jump;
    changes[i].went_away = returns && back.index - changes[i].index <= cells_max;
  }
}

// w.profile: that of the strongest season, empty without one. A repeating swing is no change, and hides those
// there are.
void find_profile(std::span<const double> values, double strength_min, ChangeWorkspace& w) {
  w.profile.clear();
  if (strength_min > 1) return;
  const std::size_t skipped = values.size() > kSeasonTailMax ? values.size() - kSeasonTailMax : 0;
  const auto tail = values.subspan(skipped);
  for (const Season& season : find_seasons(tail, w.season)) {
    if (season.strength < strength_min || season.period * kSeasonCyclesMin > tail.size()) continue;
    w.profile.resize(season.period);
    profile_of(tail, w.season, w.profile);
    const auto first = static_cast<std::ptrdiff_t>((season.period - skipped % season.period) % season.period);
    std::rotate(w.profile.begin(), w.profile.begin() + first, w.profile.end());
    return;
  }
}

}  // namespace

void find_changes(std::span<const double> all, const ChangeOptions& options, ChangeWorkspace& w,
                  std::vector<ChangePoint>& out) {
  out.clear();
  w.cells.clear();
  find_profile(all, options.season_strength, w);
  std::vector<double>& raw = w.blocks;
  raw.clear();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!std::isfinite(all[i])) continue;
    raw.push_back(w.profile.empty() ? all[i] : all[i] - w.profile[i % w.profile.size()]);
    w.cells.push_back(i);
  }
  const std::size_t n = raw.size();
  if (n < 2 * options.cells_min || n < 4) return;
  const double noise = noise_variance(raw, w.scratch);
  if (!(noise > 0)) return;
  tame(raw, std::sqrt(noise), w.values);
  w.scratch = w.values;
  w.sums.build(w.values, median_in_place(w.scratch));
  double swing = 0;
  for (const double value : w.profile) swing += value * value / static_cast<double>(w.profile.size());
  const double whole = variance_of(w.values);
  const double log_n = std::log(static_cast<double>(n));
  const double cut_price =
      options.price * log_n * (noise + kSwing * swing + options.whole_variance_share * whole);
  const SegmentPrice price{cut_price, 1.5 * cut_price};
  if (n <= kExactMax) {
    w.candidates.resize(n);
    std::iota(w.candidates.begin(), w.candidates.end(), std::size_t{0});
  } else {
    find_candidates(w.values, options, whole, w);
  }
  cheapest_segments(w.sums, w.candidates, n, price, options.cells_min, w.segmentation, w.cuts);
  const Judge judge{w.sums, w.values, price, noise, w.residuals};
  merge_weak(judge, options.significance * log_n, w.cuts, w.residuals);
  for (std::size_t i = 0; i < w.cuts.size(); ++i)
    out.push_back(describe(judge, w.values, start_of(w.cuts, i), w.cuts[i], end_of(w.cuts, i, n), w));
  if (options.dominance_min > 0) {
    std::erase_if(out, [&](const ChangePoint& change) {
      return change.kind == ChangeKind::kStep && std::abs(change.dominance) < options.dominance_min;
    });
  }
  mark_excursions(out, std::max<std::size_t>(options.went_away_cells, 10));
  if (options.went_away_cells > 0) {
    for (std::size_t i = 0; i + 1 < out.size();) {
      if (!out[i].went_away || out[i + 1].index - out[i].index > options.went_away_cells) {
        ++i;
        continue;
      }
      out.erase(out.begin() + static_cast<std::ptrdiff_t>(i),
                out.begin() + static_cast<std::ptrdiff_t>(i) + 2);
    }
  }
  for (ChangePoint& change : out) change.index = w.cells[change.index];
}

}  // namespace trimtab::kernels
