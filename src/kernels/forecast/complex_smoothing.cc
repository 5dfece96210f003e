// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/forecast/members.h"

namespace trimtab::kernels {
namespace {

struct Complex {
  double real, imaginary;
};

// All inside the stability region of the paper. An imaginary part of 1 keeps the level; around it the level
// decays or grows by about (imaginary - 1) / real of itself in a step.
constexpr Complex kGrid[] = {{1.05, 1},  {1.2, 1},   {1.4, 1},   {1.6, 1},    {1.8, 1},    {1.95, 1},
                             {1.2, .99}, {1.5, .99}, {1.8, .99}, {1.2, 1.01}, {1.5, 1.01}, {1.8, 1.01}};

// Level and the part that carries information, one pair for each phase of the season, as a ring.
struct State {
  std::vector<double>& level;
  std::vector<double>& part;
};

void start(std::span<const double> values, std::size_t begin, const Complex& a, std::size_t lag, State s) {
  s.level.resize(lag);
  s.part.resize(lag);
  for (std::size_t i = 0; i < lag; ++i) {
    s.level[(begin + i) % lag] = values[begin + i];
    s.part[(begin + i) % lag] = values[begin + i] / a.real;  // where a constant series stays
  }
}

// Smooths over [begin, end); the sum of squared one-step errors.
double smooth(std::span<const double> values, std::size_t begin, std::size_t end, const Complex& a, State s) {
  const std::size_t lag = s.level.size();
  const double level_gain = a.real - a.imaginary, part_gain = a.real + a.imaginary;
  double sum = 0;
  for (std::size_t i = begin, phase = begin % lag; i < end; ++i, phase = phase + 1 == lag ? 0 : phase + 1) {
    const double level = s.level[phase], part = s.part[phase];
    const double error = values[i] - level;
    sum += error * error;
    s.level[phase] = level - (1 - a.imaginary) * part + level_gain * error;
    s.part[phase] = level + (1 - a.real) * part + part_gain * error;
  }
  return sum;
}

}  // namespace

bool forecast_complex(std::span<const double> values, const Origins& origins, std::size_t period,
                      MemberScratch& scratch, std::span<double> rows) {
  if (period < 2 || origins.earliest() < kComplexPeriods * period) return false;
  const std::size_t lag = period;
  const State state{scratch.profile, scratch.average};
  const std::size_t fit = std::max<std::size_t>(400, kComplexPeriods * lag);  // the newest part decides
  for (int round = 0; round < 2; ++round) {
    const std::size_t end = round == 0 ? origins.earliest() : values.size();
    const std::size_t begin = end > fit ? end - fit : 0;
    Complex best = kGrid[0];
    double least = std::numeric_limits<double>::infinity();
    for (const Complex& a : kGrid) {
      start(values, begin, a, lag, state);
      const double error = smooth(values, begin + lag, end, a, state);
      if (error < least) {
        least = error;
        best = a;
      }
    }
    start(values, begin, best, lag, state);
    std::size_t done = begin + lag;
    const std::size_t last = round == 0 ? 1 : 0;
    const std::size_t first = round == 0 ? origins.cuts.size() : 1;
    for (std::size_t k = first; k-- > last;) {
      smooth(values, done, origins.cuts[k], best, state);
      done = origins.cuts[k];
      std::vector<double>& level = scratch.series;
      std::vector<double>& part = scratch.history;
      level = state.level;
      part = state.part;
      for (std::size_t h = 0, phase = done % lag; h < origins.horizon;
           ++h, phase = phase + 1 == lag ? 0 : phase + 1) {
        rows[k * origins.horizon + h] = level[phase];
        const double next = level[phase] - (1 - best.imaginary) * part[phase];
        part[phase] = level[phase] + (1 - best.real) * part[phase];
        level[phase] = next;
      }
    }
  }
  return true;
}

}  // namespace trimtab::kernels
