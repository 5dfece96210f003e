// SPDX-License-Identifier: Apache-2.0
// find_changes beside a naive one: every error of a stretch from its own fit, every cut of every series
// tried, every median and rank by sorting and comparing.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <set>

#include "kernels/change/change_points.h"
#include "kernels/distributions.h"
#include "kernels/noise_testlib.h"
#include "kernels/reference_testlib.h"

namespace trimtab::kernels {
namespace {

using reference::kNone;
using Values = std::vector<double>;

double naive_noise(const Values& v) {
  Values moves, away;
  for (std::size_t i = 1; i < v.size(); ++i) moves.push_back(v[i] - v[i - 1]);
  const double middle = reference::median(moves);
  for (const double move : moves) away.push_back(std::abs(move - middle));
  const double robust = reference::mad(moves, middle);
  const double scale = robust > 0 ? robust : 1.2533 * reference::mean(away);
  return scale * scale / 2;
}

Values naive_tamed(const Values& v, double scale) {
  Values out;
  for (std::size_t i = 0; i < v.size(); ++i) {
    const std::size_t from = i < 7 ? 0 : i - 7, to = std::min(v.size(), i + 8);
    const double middle = reference::median(
        {v.begin() + static_cast<std::ptrdiff_t>(from), v.begin() + static_cast<std::ptrdiff_t>(to)});
    out.push_back(std::clamp(v[i], middle - 3 * scale, middle + 3 * scale));
  }
  return out;
}

// A series cut into stretches that are level or straight.
class Naive {
 public:
  Naive(Values values, double price, double noise) : v_(std::move(values)), price_(price), noise_(noise) {}

  struct Fit {
    double level = 0, slope = 0, error = 0, cost = 0;  // level: at the first cell
  };
  Fit fit(std::size_t from, std::size_t to) const {
    Values x, y;
    for (std::size_t i = from; i < to; ++i) x.push_back(static_cast<double>(i - from)), y.push_back(v_[i]);
    const double flat = reference::scatter(y);
    const auto line = reference::line(x, y);
    if (to - from > 2 && line.error + 1.5 * price_ < flat + price_)
      return {line.level, line.slope, line.error, line.error + 1.5 * price_};
    return {reference::mean(y), 0, flat, flat + price_};
  }

  // The cheapest of all cuts at these places (rising, the first 0): the best way to every place from every
  // place before it.
  std::vector<std::size_t> cheapest(std::vector<std::size_t> places, std::size_t cells_min) const {
    places.push_back(v_.size());
    const std::size_t n = places.size() - 1;
    Values best(n + 1, INFINITY);
    std::vector<std::size_t> from(n + 1, 0), cuts;
    best[0] = 0;
    for (std::size_t to = 1; to <= n; ++to) {
      for (std::size_t at = 0; at < to && places[at] + cells_min <= places[to]; ++at) {
        if (best[at] == INFINITY) continue;
        const double cost = best[at] + fit(places[at], places[to]).cost;
        if (cost < best[to]) best[to] = cost, from[to] = at;
      }
    }
    for (std::size_t at = from[n]; at > 0; at = from[at]) cuts.insert(cuts.begin(), places[at]);
    return cuts;
  }

  struct Test {
    double statistic = 0, degrees = 0, spread = 0;
  };
  Test test(std::size_t from, std::size_t cut, std::size_t to) const {
    double squares = 0, products = 0, looked = 0;
    for (const auto& [a, b] : {std::pair{from, cut}, {cut, to}}) {
      const Fit mine = fit(a, b);
      // At most 400 cells on either side of the cut.
      const std::size_t first = a == cut ? a : std::max(a, b - std::min<std::size_t>(b, 400));
      const std::size_t last = a == cut ? std::min(b, a + 400) : b;
      const auto rest = [&](std::size_t i) {
        return v_[i] - mine.level - mine.slope * static_cast<double>(i - a);
      };
      for (std::size_t i = first; i < last; ++i, looked += 1) {
        squares += rest(i) * rest(i);
        if (i > first) products += rest(i) * rest(i - 1);
      }
    }
    const double rho = squares > 0 ? std::clamp(products / squares, 0.0, 0.95) : 0;
    const double inflation = (1 + rho) / (1 - rho), within = squares / std::max(1.0, looked - 3);
    const double gain = fit(from, to).error - fit(from, cut).error - fit(cut, to).error;
    const double variance = std::max(within * inflation, noise_ / 4);
    return {variance > 0 ? std::max(0.0, gain) / variance : 0,
            std::max(1.0, (static_cast<double>(to - from) - 3) / inflation),
            std::sqrt(std::max(within, noise_ / 4))};
  }

  // All cuts are judged anew after each that goes.
  std::vector<std::size_t> standing(std::vector<std::size_t> cuts, double least) const {
    while (!cuts.empty()) {
      std::size_t weakest = 0;
      Values statistics;
      for (std::size_t i = 0; i < cuts.size(); ++i) {
        statistics.push_back(test(before(cuts, i), cuts[i], after(cuts, i)).statistic);
        if (statistics[i] < statistics[weakest]) weakest = i;
      }
      if (statistics[weakest] >= least) break;
      cuts.erase(cuts.begin() + static_cast<std::ptrdiff_t>(weakest));
    }
    return cuts;
  }

  ChangePoint describe(const std::vector<std::size_t>& cuts, std::size_t at) const {
    const std::size_t from = before(cuts, at), cut = cuts[at], to = after(cuts, at);
    ChangePoint out;
    out.index = cut;
    const auto part = [&](std::size_t a, std::size_t b) {
      return Values(v_.begin() + static_cast<std::ptrdiff_t>(a), v_.begin() + static_cast<std::ptrdiff_t>(b));
    };
    const Values left = part(cut > from + 100 ? cut - 100 : from, cut);
    const Values right = part(cut, std::min(to, cut + 100));
    out.before = reference::median(left);
    out.after = reference::median(right);
    const Test judged = test(from, cut, to);
    out.effect = judged.spread > 0 ? (out.after - out.before) / judged.spread : 0;
    out.t_probability = std::min(1.0, 2 * student_t_tail(std::sqrt(judged.statistic), judged.degrees));
    // Mann-Whitney over all pairs; the variance with ties by counting the equal ones of each value.
    const double n = static_cast<double>(left.size()), m = static_cast<double>(right.size());
    double above = 0, below = 0, ties = 0;
    for (const double a : left)
      for (const double b : right) above += b > a ? 1 : 0, below += b < a ? 1 : 0;
    Values both = left;
    both.insert(both.end(), right.begin(), right.end());
    for (const double one : both) {
      const double equal = static_cast<double>(std::count(both.begin(), both.end(), one));
      ties += equal * equal - 1;  // summed over the equal ones: t^3 - t
    }
    out.dominance = (above - below) / (n * m);
    const double variance = n * m / 12 * (n + m + 1 - ties / ((n + m) * (n + m - 1)));
    const double z = variance > 0 ? std::abs(above - below) / 2 / std::sqrt(variance) : 0;
    const double shrink = std::min(1.0, judged.degrees / std::max(1.0, static_cast<double>(to - from) - 3));
    out.rank_probability = std::min(1.0, 2 * normal_tail(z * std::sqrt(shrink)));
    const Fit a = fit(from, cut), b = fit(cut, to);
    const double meets_left = a.level + a.slope * (static_cast<double>(cut - from) - 0.5);
    const double meets_right = b.level - 0.5 * b.slope;
    const bool straight = a.slope != 0 || b.slope != 0;
    if (straight && std::abs(meets_right - meets_left) < 2 * judged.spread) out.kind = ChangeKind::kBend;
    return out;
  }

 private:
  static std::size_t before(const std::vector<std::size_t>& cuts, std::size_t i) {
    return i == 0 ? 0 : cuts[i - 1];
  }
  std::size_t after(const std::vector<std::size_t>& cuts, std::size_t i) const {
    return i + 1 < cuts.size() ? cuts[i + 1] : v_.size();
  }
  Values v_;
  double price_, noise_;
};

// The strongest clear season's profile; find_seasons and profile_of have references of their own.
Values season_of(const Values& values, double strength_min) {
  SeasonSearch search;
  if (strength_min > 1) return {};
  for (const Season& season : find_seasons(values, search)) {
    if (season.strength < strength_min || 5 * season.period > values.size()) continue;
    Values out(season.period);
    profile_of(values, search, out);
    return out;
  }
  return {};
}

std::vector<std::size_t> every_place(std::size_t count) {
  std::vector<std::size_t> out(count);
  for (std::size_t i = 0; i < count; ++i) out[i] = i;
  return out;
}

// Where a long series may be cut: the cheapest cuts in windows of 64 that overlap by half, of the values and
// of their means over 4, 16, ... cells; those moved to the best split of the cells around them.
std::vector<std::size_t> places_of(const Values& v, const ChangeOptions& options) {
  const double n = static_cast<double>(v.size()), whole = reference::scatter(v) / n;
  std::set<std::size_t> out{0};
  Values blocks = v;
  for (std::size_t width = 1; blocks.size() >= 32; width *= 4) {
    const double noise = naive_noise(blocks);
    const double price = options.price * std::log(n) * (noise + options.whole_variance_share * whole);
    for (std::size_t from = 0; price > 0; from += 32) {
      const std::size_t count = std::min<std::size_t>(64, blocks.size() - from);
      const auto begin = blocks.begin() + static_cast<std::ptrdiff_t>(from);
      const Naive window({begin, begin + static_cast<std::ptrdiff_t>(count)}, price, noise);
      for (const std::size_t cut : window.cheapest(every_place(count), options.cells_min)) {
        std::size_t best = (from + cut) * width;
        const std::size_t left = best > 2 * width ? best - 2 * width : 0,
                          right = std::min(v.size(), best + 2 * width);
        double least = INFINITY;
        for (std::size_t at = left + 1; at < right && width > 1; ++at) {
          const double cost = reference::scatter(std::span(v).subspan(left, at - left)) +
                              reference::scatter(std::span(v).subspan(at, right - at));
          if (cost < least) least = cost, best = at;
        }
        out.insert(best);
      }
      if (from + count >= blocks.size()) break;
    }
    Values wider;
    for (std::size_t i = 0; i + 4 <= blocks.size(); i += 4)
      wider.push_back(reference::mean(std::span(blocks).subspan(i, 4)));
    blocks = wider;
  }
  return {out.begin(), out.end()};
}

std::vector<ChangePoint> naive_changes(const Values& all, const ChangeOptions& options) {
  const Values profile = season_of(all, options.season_strength);
  Values there;
  std::vector<std::size_t> cells;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!std::isfinite(all[i])) continue;
    there.push_back(all[i] - (profile.empty() ? 0 : profile[i % profile.size()]));
    cells.push_back(i);
  }
  if (there.size() < 2 * options.cells_min || there.size() < 4) return {};
  const double noise = naive_noise(there);
  if (noise == 0) return {};
  const Values tamed = naive_tamed(there, std::sqrt(noise));
  const double n = static_cast<double>(there.size());
  double swing = 0;
  for (const double part : profile) swing += part * part / static_cast<double>(profile.size());
  const double whole = reference::scatter(tamed) / n;
  const double price =
      options.price * std::log(n) * (noise + 0.3 * swing + options.whole_variance_share * whole);
  const Naive naive(tamed, price, noise);
  const auto places = tamed.size() <= kExactMax ? every_place(tamed.size()) : places_of(tamed, options);
  const auto cuts =
      naive.standing(naive.cheapest(places, options.cells_min), options.significance * std::log(n));
  std::vector<ChangePoint> out;
  for (std::size_t i = 0; i < cuts.size(); ++i) {
    const ChangePoint change = naive.describe(cuts, i);
    if (change.kind == ChangeKind::kBend || std::abs(change.dominance) >= options.dominance_min)
      out.push_back(change);
  }
  const std::size_t away = std::max<std::size_t>(options.went_away_cells, 10);
  for (std::size_t i = 0; i + 1 < out.size(); ++i) {
    const double jump = std::abs(out[i].after - out[i].before);
    out[i].went_away =
        std::abs(out[i + 1].after - out[i].before) < 0.35 * jump && out[i + 1].index - out[i].index <= away;
  }
  std::vector<ChangePoint> kept;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const bool drop = options.went_away_cells > 0 && i + 1 < out.size() && out[i].went_away &&
                      out[i + 1].index - out[i].index <= options.went_away_cells;
    if (drop) {
      ++i;  // and its way back
      continue;
    }
    kept.push_back(out[i]);
  }
  for (ChangePoint& change : kept) change.index = cells[change.index];
  return kept;
}

Values shaped(unsigned seed) {
  const bool seasonal = seed % 7 == 6;
  Values out = noise(seasonal ? 96 : 20 + (seed * 29) % 60, seed, seed % 3 == 0 ? 0.5 : 0);
  const double n = static_cast<double>(out.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    const double at = static_cast<double>(i) / n;
    if (seed % 5 == 1) out[i] += at > 0.4 ? 5 : 0;
    if (seed % 5 == 2) out[i] += at > 0.5 ? 30 * (at - 0.5) : 0;
    if (seed % 5 == 3) out[i] += at > 0.3 && at < 0.4 ? 6 : at > 0.7 ? -4 : 0;
    if (seed % 5 == 4) out[i] = std::round(out[i] + (at > 0.6 ? 4 : 0));
    if (seasonal) out[i] += 8 * std::sin(2 * std::numbers::pi * static_cast<double>(i) / 12);
    if (i % 37 == 20 && !seasonal) out[i] += 40;
    if (seed % 4 == 3 && (i * 5 + seed) % 6 == 0) out[i] = kNone;
  }
  return out;
}

void expect_same(const std::vector<ChangePoint>& told, const std::vector<ChangePoint>& naive, unsigned seed) {
  ASSERT_EQ(told.size(), naive.size()) << seed;
  for (std::size_t i = 0; i < told.size(); ++i) {
    const ChangePoint &a = told[i], &b = naive[i];
    ASSERT_EQ(a.index, b.index) << seed;
    ASSERT_EQ(a.kind, b.kind) << seed;
    ASSERT_EQ(a.went_away, b.went_away) << seed;
    for (const auto& [figure, expected] : {std::pair{a.before, b.before},
                                           {a.after, b.after},
                                           {a.effect, b.effect},
                                           {a.t_probability, b.t_probability},
                                           {a.rank_probability, b.rank_probability},
                                           {a.dominance, b.dominance}})
      ASSERT_NEAR(figure, expected, 1e-8 * (1 + std::abs(expected))) << seed << " at " << a.index;
  }
}

TEST(Changes, every_figure_equals_the_naive_one) {
  ChangeWorkspace workspace;
  std::vector<ChangePoint> told;
  std::size_t steps = 0, bends = 0, seasons = 0;
  for (unsigned seed = 0; seed < 91; ++seed) {
    const ChangeOptions options{.season_strength = seed % 7 == 6 ? 0.4 : 2,
                                .went_away_cells = seed % 2 == 0 ? std::size_t{0} : std::size_t{25}};
    const Values values = shaped(seed);
    find_changes(values, options, workspace, told);
    expect_same(told, naive_changes(values, options), seed);
    seasons += season_of(values, options.season_strength).empty() ? 0 : 1;
    for (const ChangePoint& change : told) (change.kind == ChangeKind::kStep ? steps : bends) += 1;
  }
  EXPECT_GT(steps, 25U);
  EXPECT_GT(bends, 2U);
  EXPECT_GT(seasons, 5U);
}

TEST(Changes, long_series_equal_the_naive_one_over_the_places_found_in_windows) {
  ChangeWorkspace workspace;
  std::vector<ChangePoint> told;
  std::size_t found = 0;
  for (unsigned seed = 0; seed < 2; ++seed) {
    auto values = noise(kExactMax + 30 + seed, seed, 0.2);
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] += i > 400 + seed ? 3 : 0;
      values[i] += i > 900 && i < 960 ? -5 : 0;
      values[i] += i > 1300 ? 0.02 * static_cast<double>(i - 1300) : 0;
    }
    find_changes(values, {.season_strength = 2}, workspace, told);
    expect_same(told, naive_changes(values, {.season_strength = 2}), seed);
    found += told.size();
  }
  EXPECT_GT(found, 5U);
}

}  // namespace
}  // namespace trimtab::kernels
