// SPDX-License-Identifier: Apache-2.0
#include "kernels/leak/leak.h"

#include <algorithm>
#include <cmath>

#include "kernels/quantile.h"

namespace trimtab::kernels {
namespace {

// Minima over `count` nearly equal blocks.
void floors_of(std::span<const double> values, std::size_t count, std::vector<double>& floors) {
  floors.clear();
  for (std::size_t b = 0; b < count; ++b) {
    const std::size_t from = b * values.size() / count;
    const std::size_t to = (b + 1) * values.size() / count;
    floors.push_back(*std::min_element(values.begin() + static_cast<std::ptrdiff_t>(from),
                                       values.begin() + static_cast<std::ptrdiff_t>(to)));
  }
}

// The block that starts after the last restart: the floor falls by a third of its range and by six times the
// usual move, and stays down for two blocks.
std::size_t last_restart(const std::vector<double>& floors, std::vector<double>& moves,
                         std::size_t& restarts) {
  constexpr double kRangeShare = 1.0 / 3;
  constexpr double kUsualMoves = 6;
  moves.clear();
  for (std::size_t i = 1; i < floors.size(); ++i) moves.push_back(std::abs(floors[i] - floors[i - 1]));
  const auto [low, high] = std::minmax_element(floors.begin(), floors.end());
  const double fall_min = std::max(kUsualMoves * median_in_place(moves), kRangeShare * (*high - *low));
  std::size_t since = 0;
  for (std::size_t i = 1; i < floors.size() && fall_min > 0; ++i) {
    const double down = floors[i - 1] - floors[i];
    const double next = i + 1 < floors.size() ? floors[i - 1] - floors[i + 1] : down;
    if (down < fall_min || next < 0.5 * fall_min) continue;
    since = i;
    ++restarts;
  }
  return since;
}

// Residual sum of squares of floors = a + b * shape(i), and b * (shape(end) - shape(start)).
template <typename Shape>
double squared_error(const std::vector<double>& floors, const Shape& shape, double& gained) {
  const double n = static_cast<double>(floors.size());
  double x = 0, y = 0, xx = 0, xy = 0, yy = 0;
  for (std::size_t i = 0; i < floors.size(); ++i) {
    const double s = shape(static_cast<double>(i) / (n - 1));
    x += s;
    y += floors[i];
    xx += s * s;
    xy += s * floors[i];
    yy += floors[i] * floors[i];
  }
  const double spread = xx - x * x / n;
  const double product = xy - x * y / n;
  gained = spread > 0 ? product / spread * (shape(1.0) - shape(0.0)) : 0;
  return std::max(0.0, yy - y * y / n - (spread > 0 ? product * product / spread : 0));
}

// A saturating exponential explains the floor clearly better than a line, and by now it is nearly full.
bool saturates(const std::vector<double>& all) {
  constexpr double kBicGain = 6;
  std::vector<double> floors(all);  // 48 values
  const double centre = floors.front();
  for (double& value : floors) value -= centre;
  const double n = static_cast<double>(floors.size());
  double gained = 0;
  const double line = squared_error(floors, [](double t) { return t; }, gained);
  double best = line;
  for (const double rate : {1.5, 2.0, 3.0, 4.5, 7.0, 11.0, 17.0, 30.0}) {
    const double error = squared_error(floors, [rate](double t) { return -std::expm1(-rate * t); }, gained);
    if (gained > 0) best = std::min(best, error);
  }
  // One parameter more than the line. The floor keeps a perfect fit from dividing by 0.
  const double least = 1e-12 * (1 + std::abs(line));
  return n * std::log((line + least) / (best + least)) - std::log(n) > kBicGain;
}

double rising_share(const std::vector<double>& floors) {
  double up = 0, moved = 0;
  for (std::size_t i = 1; i < floors.size(); ++i) {
    up += floors[i] > floors[i - 1];
    moved += floors[i] != floors[i - 1];
  }
  return moved > 0 ? up / moved : 0;
}

// The largest single move is most of the growth, and without it little remains.
bool is_step(const std::vector<double>& floors, double growth) {
  double largest = 0;
  for (std::size_t i = 2; i < floors.size(); ++i) largest = std::max(largest, floors[i] - floors[i - 2]);
  return largest > 0.6 * growth;
}

// Fills in everything but `since` and `restarts` from a stretch without restart.
void judge(std::span<const double> values, Leak& out, double probability_max, const LeakOptions& options,
           LeakScratch& s) {
  const std::size_t blocks = std::min(kFloorBlocks, values.size() / 2);
  floors_of(values, blocks, s.floors);
  const Trend trend = fit_trend(s.floors, s.trend);
  const double cells_per_block =
      static_cast<double>(s.cells.back() + 1 - out.since) / static_cast<double>(blocks);
  out.slope = trend.slope / cells_per_block;
  out.slope_low = trend.slope_low / cells_per_block;
  out.slope_high = trend.slope_high / cells_per_block;
  out.level = trend.level_now;
  out.spread = trend.spread;
  out.probability = trend.probability;
  out.growth = trend.slope * static_cast<double>(blocks - 1);
  out.rising_share = rising_share(s.floors);
  out.kind = LeakKind::kNone;
  const bool clear = trend.slope_low > 0 && trend.probability <= probability_max;
  const bool matters = out.growth >= options.growth_min * std::abs(out.level) && out.growth >= 3 * out.spread;
  if (!clear || !matters) return;
  if (is_step(s.floors, out.growth)) {
    out.kind = LeakKind::kStep;
    return;
  }
  const Trend later = fit_trend(std::span(s.floors).last(blocks / 2), s.trend);
  const bool still_rising = later.slope >= 0.25 * trend.slope && later.probability < 0.05;
  out.kind = !still_rising || saturates(s.floors) ? LeakKind::kSaturating : LeakKind::kLeak;
}

}  // namespace

std::string_view to_string(LeakKind kind) {
  switch (kind) {
    case LeakKind::kNone: return "no leak";
    case LeakKind::kLeak: return "leak";
    case LeakKind::kSaturating: return "fills up to a plateau";
    case LeakKind::kStep: return "one step";
    case LeakKind::kUnknown: return "too few values";
  }
  return "";
}

Leak find_leak(std::span<const double> all, const LeakOptions& options, LeakScratch& s) {
  Leak out;
  s.values.clear();
  s.cells.clear();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!std::isfinite(all[i])) continue;
    s.values.push_back(all[i]);
    s.cells.push_back(i);
  }
  std::span<const double> values = s.values;
  if (values.size() < 2 * kFloorBlocksMin) return out;
  // Restarts are looked for with blocks twice as fine, so that little of the new life is lost.
  const std::size_t fine = std::min(2 * kFloorBlocks, values.size() / 2);
  floors_of(values, fine, s.floors);
  const std::size_t restart = last_restart(s.floors, s.other, out.restarts);
  const std::size_t from =
      restart == 0 ? 0 : std::min(values.size() - 1, (restart + 1) * values.size() / fine);
  values = values.subspan(from);
  out.since = s.cells[from];
  if (values.size() < 2 * kFloorBlocksMin || (restart > 0 && fine - restart < kFloorBlocksMin)) return out;

  // A leak may have begun later: the whole life, its last two thirds, its last half. Three looks share the
  // probability.
  judge(values, out, options.probability_max / 3, options, s);
  const Leak whole = out;
  for (const std::size_t skipped : {values.size() / 3, values.size() / 2}) {
    if (out.kind == LeakKind::kLeak) break;
    if (values.size() - skipped < 4 * kFloorBlocksMin) continue;
    out.since = s.cells[from + skipped];
    judge(values.subspan(skipped), out, options.probability_max / 3, options, s);
  }
  return out.kind == LeakKind::kLeak ? out : whole;
}

}  // namespace trimtab::kernels
