// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/forecast/members.h"

namespace trimtab::kernels {
namespace {

// The classical profile: mean of value minus (or over) the centred moving average, per phase i % period,
// over [0, end). False when a multiplicative profile touches 0.
bool classical_profile(std::span<const double> values, std::size_t end, std::size_t period, Shape shape,
                       MemberScratch& s) {
  const bool ratio = shape == Shape::kMultiplicative;
  s.profile.assign(period, 0);
  s.counts.assign(period, 0);
  const std::size_t half = period / 2;
  double window = 0;
  for (std::size_t i = 0; i < period; ++i) window += values[i];
  for (std::size_t i = half; i + half < end; ++i) {
    // window = sum over [i - half, i - half + period); an even period averages two of them.
    double mean = window / static_cast<double>(period);
    const std::size_t next = i - half + period;
    if (next < end) window += values[next] - values[i - half];
    if (period % 2 == 0) mean = 0.5 * (mean + window / static_cast<double>(period));
    s.profile[i % period] += ratio ? values[i] / mean : values[i] - mean;
    ++s.counts[i % period];
  }
  double middle = 0;
  for (std::size_t i = 0; i < period; ++i) {
    if (s.counts[i] == 0) return false;
    s.profile[i] /= static_cast<double>(s.counts[i]);
    middle += s.profile[i] / static_cast<double>(period);
  }
  for (double& part : s.profile) part = ratio ? part / middle : part - middle;
  return !ratio || std::all_of(s.profile.begin(), s.profile.end(), [](double p) { return p > 0.01; });
}

void remove_profile(std::span<const double> values, std::size_t end, Shape shape, MemberScratch& s) {
  s.series.assign(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(end));
  if (s.profile.empty()) return;
  const std::size_t period = s.profile.size();
  for (std::size_t i = 0, phase = 0; i < end; ++i, phase = phase + 1 == period ? 0 : phase + 1) {
    s.series[i] =
        shape == Shape::kMultiplicative ? s.series[i] / s.profile[phase] : s.series[i] - s.profile[phase];
  }
}

double with_profile(double value, std::size_t at, Shape shape, const MemberScratch& s) {
  if (s.profile.empty()) return value;
  const double part = s.profile[at % s.profile.size()];
  return shape == Shape::kMultiplicative ? value * part : value + part;
}

struct Damped {
  double alpha, beta, phi;
};

// Smooths `series` over [0, end) and says level and slope there; the sum of squared one-step errors.
double smooth(const std::vector<double>& series, std::size_t begin, std::size_t end, const Damped& p,
              double& level, double& slope) {
  double sum = 0;
  double l = level, b = slope;
  for (std::size_t i = begin; i < end; ++i) {
    const double carried = p.phi * b;
    const double error = series[i] - l - carried;
    sum += error * error;
    l += carried + p.alpha * error;
    b = carried + p.alpha * p.beta * error;
  }
  level = l;
  slope = b;
  return sum;
}

template <std::size_t N>
Damped best_parameters(const std::vector<double>& series, std::size_t end, const Damped (&grid)[N]) {
  Damped best = grid[0];
  double least = std::numeric_limits<double>::infinity();
  // The newest part decides; a long past would only cost time.
  constexpr std::size_t kFitMax = 400;
  const std::size_t begin = end > kFitMax ? end - kFitMax : 0;
  for (const Damped& p : grid) {
    double level = series[begin], slope = 0;
    const double error = smooth(series, begin + 1, end, p, level, slope);
    if (error < least) {
      least = error;
      best = p;
    }
  }
  return best;
}

constexpr Damped kDampedGrid[] = {{.1, .05, .98}, {.1, .2, .9}, {.3, .05, .98}, {.3, .2, .9},
                                  {.6, .05, .98}, {.6, .2, .9}, {.9, .05, .98}, {.9, .2, .9},
                                  {.99, .1, .8},  {.9, .4, .8}};
constexpr Damped kSimpleGrid[] = {{.05, 0, 0}, {.15, 0, 0}, {.3, 0, 0}, {.5, 0, 0},
                                  {.7, 0, 0},  {.9, 0, 0},  {1, 0, 0}};

double half_slope(const std::vector<double>& series, std::size_t end) {
  const double middle = (static_cast<double>(end) - 1) / 2;
  double products = 0;
  for (std::size_t i = 0; i < end; ++i) products += (static_cast<double>(i) - middle) * series[i];
  const double n = static_cast<double>(end);
  return end < 2 ? 0 : 0.5 * products / (n * (n * n - 1) / 12);
}

// Both smoothers differ only in their grid and in what they add per step.
template <std::size_t N>
bool run(std::span<const double> values, const Origins& origins, std::size_t period, Shape shape,
         const Damped (&grid)[N], bool theta, MemberScratch& s, std::span<double> rows) {
  if (origins.earliest() < 6 || (period > 1 && origins.earliest() < 3 * period)) return false;
  // Round 0: everything fitted before the earliest origin, for the past ones; round 1: for the real one.
  for (int round = 0; round < 2; ++round) {
    const std::size_t end = round == 0 ? origins.earliest() : values.size();
    const std::size_t reach = round == 0 && origins.cuts.size() > 1 ? origins.cuts[1] : values.size();
    s.profile.clear();
    if (period > 1 && !classical_profile(values, end, period, shape, s)) return false;
    remove_profile(values, reach, shape, s);
    const Damped p = best_parameters(s.series, end, grid);
    double level = s.series[0], slope = 0;
    std::size_t done = 1;
    const std::size_t last = round == 0 ? 1 : 0;
    const std::size_t first = round == 0 ? origins.cuts.size() : 1;
    for (std::size_t k = first; k-- > last;) {
      smooth(s.series, done, origins.cuts[k], p, level, slope);
      done = origins.cuts[k];
      const double step = theta ? half_slope(s.series, done) : 0;
      double damping = p.phi, ahead = 0;
      for (std::size_t h = 0; h < origins.horizon; ++h) {
        ahead += damping * slope;
        damping *= p.phi;
        const double value = level + (theta ? step * static_cast<double>(h + 1) : ahead);
        rows[k * origins.horizon + h] = with_profile(value, done + h, shape, s);
      }
    }
  }
  return true;
}

}  // namespace

bool forecast_damped(std::span<const double> values, const Origins& origins, std::size_t period, Shape shape,
                     MemberScratch& scratch, std::span<double> rows) {
  return run(values, origins, period, shape, kDampedGrid, false, scratch, rows);
}

bool forecast_theta(std::span<const double> values, const Origins& origins, std::size_t period, Shape shape,
                    MemberScratch& scratch, std::span<double> rows) {
  return run(values, origins, period, shape, kSimpleGrid, true, scratch, rows);
}

}  // namespace trimtab::kernels
