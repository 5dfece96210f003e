// SPDX-License-Identifier: Apache-2.0
// find_seasons beside a naive one that follows the steps of its header in double precision: spectra by sums
// of sines, every autocorrelation and every mean from its own definition.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <optional>

#include "kernels/noise_testlib.h"
#include "kernels/reference_testlib.h"
#include "kernels/season/find_seasons.h"

namespace trimtab::kernels {
namespace {

using reference::kNone;
using Values = std::vector<double>;

struct Filled {
  Values values;
  std::vector<bool> there;
  double unit = 1;
};

// In robust standard deviations, clipped at six of them; lines over gaps.
std::optional<Filled> filled(const Values& v) {
  const Values present = reference::present(v);
  if (present.size() < kSeasonValuesMin || 2 * present.size() < v.size()) return std::nullopt;
  // Centre and scale of many values are those of 512, spread out by the golden section.
  Values sampled = present;
  if (present.size() > 512) sampled.clear();
  for (std::size_t k = 0; k < 1024 && sampled.size() < 512 && present.size() > 512; ++k) {
    const double place = std::fmod(static_cast<double>(k) * (std::numbers::phi - 1), 1.0);
    const double value = v[static_cast<std::size_t>(place * static_cast<double>(v.size()))];
    if (std::isfinite(value)) sampled.push_back(value);
  }
  const double centre = reference::median(sampled);
  Filled out;
  out.unit = reference::mad(sampled, centre);
  double reach = 6;
  if (out.unit == 0) {
    for (const double value : present) out.unit = std::max(out.unit, std::abs(value - centre));
    if (out.unit == 0) return std::nullopt;
    reach = 2;
  }
  std::vector<std::size_t> known;
  for (std::size_t i = 0; i < v.size(); ++i) {
    out.there.push_back(std::isfinite(v[i]));
    if (out.there[i]) known.push_back(i);
  }
  const auto at = [&](std::size_t i) { return std::clamp((v[i] - centre) / out.unit, -reach, reach); };
  for (std::size_t i = 0; i < v.size(); ++i) {
    const auto right = std::lower_bound(known.begin(), known.end(), i);
    if (right == known.end()) {
      out.values.push_back(at(known.back()));
    } else if (*right == i || right == known.begin()) {
      out.values.push_back(at(*right));
    } else {
      const double left = static_cast<double>(right[-1]),
                   share = (static_cast<double>(i) - left) / (static_cast<double>(*right) - left);
      out.values.push_back((1 - share) * at(right[-1]) + share * at(*right));
    }
  }
  return out;
}

double product(const Values& v, std::size_t lag) {
  double sum = 0;
  for (std::size_t i = lag; i < v.size(); ++i) sum += v[i] * v[i - lag];
  return sum / static_cast<double>(v.size() - lag);
}

// Hann periodogram of the whitened series over the medians of its neighbourhoods.
Values spectrum(Values v) {
  const double middle = reference::mean(v);
  for (double& value : v) value -= middle;
  const double phi = std::clamp(product(v, 1) / product(v, 0), 0.0, 1.0);
  Values white{0};
  for (std::size_t i = 1; i < v.size(); ++i) white.push_back(v[i] - phi * v[i - 1]);
  std::size_t size = 16;
  while (size < v.size()) size *= 2;
  Values power(size / 2, 0);
  double total = 0;
  Values windowed, cosines;
  for (std::size_t i = 0; i < white.size(); ++i) {
    const double turn = 2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(white.size());
    windowed.push_back(white[i] * (1 - std::cos(turn)));
  }
  for (std::size_t i = 0; i < size; ++i)
    cosines.push_back(std::cos(2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(size)));
  for (std::size_t k = 1; k < power.size(); ++k) {
    double real = 0, imaginary = 0;
    for (std::size_t i = 0; i < white.size(); ++i) {
      real += windowed[i] * cosines[i * k % size];
      imaginary += windowed[i] * cosines[(i * k + size / 4) % size];  // a sine, but for its sign
    }
    power[k] = real * real + imaginary * imaginary;
    total += power[k];
  }
  Values out = power;
  for (std::size_t k = 1; k < power.size();) {
    const auto reach =
        std::max<std::size_t>(12, static_cast<std::size_t>(static_cast<double>(k) * (1.6 - 1)));
    const std::size_t low = k > reach ? k - reach : 1, high = std::min(power.size(), k + reach + 1);
    Values band;  // all of it, or every so many
    for (std::size_t i = low; i < high; i += std::max<std::size_t>(1, (high - low) / 128))
      band.push_back(power[i]);
    const double background = reference::median(band) / std::numbers::ln2;
    const double least = std::max(0.01 * total / static_cast<double>(power.size()), 1e-30);
    for (const std::size_t until = std::min(power.size(), k + std::max<std::size_t>(1, reach / 8)); k < until;
         ++k) {
      out[k] = power[k] / std::max(background, least);
      if (out[k] > 30) out[k] = 30 * (1 + std::log(out[k] / 30));
    }
  }
  return out;
}

// -log of the first term of P(sum of `terms` exponentials > sum).
double evidence(double sum, std::size_t terms) {
  return sum - static_cast<double>(terms - 1) * std::log(sum) + std::lgamma(static_cast<double>(terms));
}

// The best evidence over 1, 2, 4, ... harmonics of those above the odds.
double evidence_of(std::size_t period, const Values& power, double odds) {
  const double size = 2 * static_cast<double>(power.size());
  const auto bin = [&](std::size_t harmonic) {
    return static_cast<std::size_t>(
        std::floor(size * static_cast<double>(harmonic) / static_cast<double>(period) + 0.5));
  };
  const auto bound = [&](std::size_t terms) {
    return reference::passes([&](double sum) { return evidence(sum, terms); }, odds,
                             static_cast<double>(terms), 1e4);
  };
  if (bin(1) >= power.size()) return power.back() > bound(1) ? power.back() : 0;
  double sum = 0, best = 0;
  std::size_t added = 0;
  for (std::size_t terms = 1; terms <= kHarmonicsMax; terms *= 2) {
    while (added < terms && bin(added + 1) < power.size()) sum += power[bin(++added)];
    if (sum > bound(terms)) best = std::max(best, evidence(sum, terms));
    if (added < terms) break;
  }
  return best;
}

std::vector<std::size_t> candidates(std::size_t count, const Values& power) {
  struct Candidate {
    std::size_t period;
    double evidence;
  };
  const double size = 2 * static_cast<double>(power.size());
  std::vector<std::size_t> tried;
  for (std::size_t period = 2; period <= count / 3;) {
    tried.push_back(period);
    const double p = static_cast<double>(period);
    period += std::max<std::size_t>(1, static_cast<std::size_t>(p * p / (64 * size)));
  }
  std::vector<Candidate> all;
  for (const std::size_t period : tried) {
    const double odds = std::log(static_cast<double>(std::max<std::size_t>(1, tried.size())) * 6 / 0.2);
    if (const double e = evidence_of(period, power, odds); e > 0) all.push_back({period, e});
  }
  for (const std::size_t period : kUsualSeasons)
    if (const double e = period <= count / 3 ? evidence_of(period, power, std::log(15 * 6 / 0.05)) : 0; e > 0)
      all.push_back({period, e});
  std::stable_sort(all.begin(), all.end(), [](const Candidate& a, const Candidate& b) {
    return a.evidence > b.evidence || (a.evidence == b.evidence && a.period < b.period);
  });
  std::vector<std::size_t> out;
  for (const Candidate& one : all) {
    bool near = false;
    for (const std::size_t other : out) {
      const double p = static_cast<double>(other);
      near = near || std::abs(p - static_cast<double>(one.period)) <=
                         std::max(1.0, p * p / static_cast<double>(count));
    }
    if (!near && out.size() < kPeaksTried) out.push_back(one.period);
  }
  return out;
}

// Each value less the mean of the `width` (made odd) around it.
Values without_slow(const Values& v, std::size_t width) {
  const std::size_t half = std::min(std::max<std::size_t>(1, width / 2), (v.size() - 1) / 2);
  Values out;
  for (std::size_t i = 0; i < v.size(); ++i) {
    const std::size_t middle = std::clamp(i, half, v.size() - 1 - half);
    out.push_back(v[i] - reference::mean(std::span(v).subspan(middle - half, 2 * half + 1)));
  }
  return out;
}

Values profile(const Values& v, const std::vector<bool>& there, std::size_t period, std::size_t from,
               std::size_t to) {
  Values out;
  for (std::size_t phase = 0; phase < period; ++phase) {
    Values mine;
    for (std::size_t i = from + phase; i < to; i += period)
      if (there[i]) mine.push_back(v[i]);
    out.push_back(mine.empty() ? 0 : reference::mean(mine));
  }
  const double centre = reference::mean(out);
  for (double& part : out) part -= centre;
  return out;
}

// Share of the last third's (or of `tested` cycles') scatter that the profile of the rest takes away, as it
// is or smoothed.
double gain(const Values& v, const std::vector<bool>& there, std::size_t period, std::size_t begin = 0,
            std::size_t tested = 0) {
  const std::size_t cycles = period > 1 ? (v.size() - begin) / period : 0;
  if (cycles < 3) return 0;
  if (tested == 0) tested = std::max<std::size_t>(1, cycles / 3);
  const std::size_t from = v.size() - cycles * period, test = v.size() - tested * period,
                    trained = cycles - tested;
  const Values mean = profile(v, there, period, from, test);
  std::size_t half = 0;
  while (2 * (half + 1) * trained <= 15 + trained - 1) ++half;
  half = std::min(half, period / 8);
  Values smooth;
  for (std::size_t phase = 0; phase < period; ++phase) {
    double sum = 0;
    for (std::size_t k = 0; k <= 2 * half; ++k) sum += mean[(phase + period + k - half) % period];
    smooth.push_back(sum / static_cast<double>(2 * half + 1));
  }
  const auto left = [&](const Values& taken) {
    Values rest;
    for (std::size_t i = test; i < v.size(); ++i)
      if (there[i]) rest.push_back(v[i] - taken[(i - from) % period]);
    return rest.empty() ? 0 : reference::scatter(rest);
  };
  const double without = left(Values(period, 0));
  return without > 0 ? 1 - std::min(left(mean), left(smooth)) / without : 0;
}

std::size_t reach_of(std::size_t period, std::size_t count) {
  return std::max<std::size_t>(1, period * period / count / 2);
}

// Where the autocorrelation is highest near the period, if it is lower half a period beside.
std::size_t hill(const Values& v, std::size_t period) {
  const double square = product(v, 0);
  if (!(square > 0)) return 0;
  const std::size_t width = reach_of(period, v.size());
  const std::size_t low = std::max<std::size_t>(2, period - std::min(period, width)),
                    high = std::min(period + width, v.size() - 1);
  std::size_t best = 0;
  double most = -1;
  const auto look = [&](std::size_t lag) {
    if (lag < 2 || lag >= v.size()) return;
    const double value = product(v, lag) / square;
    if (value > most) most = value, best = lag;
  };
  const std::size_t step = std::max<std::size_t>(1, (high - low) / 8);
  for (std::size_t lag = low; lag <= high; lag += step) look(lag);
  for (std::size_t fine = step / 2; fine > 0 && best > 0; fine /= 2) {
    const std::size_t middle = best;
    look(middle > fine ? middle - fine : 0);
    look(middle + fine);
  }
  if (best < 4) return best;
  const double before = product(v, best / 2) / square;
  const double after = best + best / 2 < v.size() ? product(v, best + best / 2) / square : before;
  return most > std::max(before, after) + 0.02 ? best : 0;
}

Season tried(std::size_t period, const Filled& f) {
  const std::size_t count = f.values.size();
  const std::size_t lag = hill(without_slow(f.values, 2 * period), period);
  if (lag < 2) return {};
  Values rest = without_slow(f.values, lag);
  const auto least = [&](std::size_t of) {
    return std::max(kStrengthMin, 1 / static_cast<double>(count / of));
  };
  // What a shorter period gains where a longer one is judged.
  const auto beside = [&](std::size_t whole, std::size_t of) {
    const std::size_t cycles = count / whole;
    return gain(rest, f.there, of, count - cycles * whole, std::max<std::size_t>(1, cycles / 3) * whole / of);
  };
  Season best;
  const auto look = [&](std::size_t of, double nearly) {
    const double gained = gain(rest, f.there, of);
    if (gained >= least(of) && gained > best.strength - nearly) best = {of, gained};
  };
  for (const std::size_t of : {lag, lag - 1, lag + 1, period})
    if (3 * of <= count) look(of, 0);
  if (best.period == 0) return {};
  for (std::size_t times = 7; times > 1; --times) {  // a part of it that does as well
    const std::size_t part = (best.period + times / 2) / times;
    if (part < 2) continue;
    if (const double gained = beside(best.period, part); gained > best.strength - 0.02) {
      best = {part, gained};
      break;
    }
  }
  const std::size_t found = best.period, width = reach_of(found, count);
  for (const std::size_t usual : kUsualSeasons)
    if (usual != found && usual + width >= found && usual <= found + width && 3 * usual <= count)
      look(usual, 0.02);
  const std::size_t base = best.period;
  for (std::size_t times = 2; times <= 7 && 3 * base * times <= count;
       ++times) {  // a multiple that does far better
    rest = without_slow(f.values, base * times);
    const double gained = gain(rest, f.there, base * times);
    const bool better = gained >= least(base * times) && gained >= best.strength + 0.08;
    if (better && gained > beside(base * times, base) + 0.08) best = {base * times, gained};
  }
  return best;
}

std::vector<Season> naive_seasons(const Values& v) {
  std::vector<Season> out;
  auto f = filled(v);
  while (f && out.size() < kSeasonsMax) {
    Season season;
    for (const std::size_t period : candidates(v.size(), spectrum(f->values)))
      if (season.period == 0) season = tried(period, *f);
    for (const Season& other : out)
      if (other.period == season.period) season.period = 0;
    if (season.period == 0) break;
    out.push_back(season);
    const Values part = profile(without_slow(f->values, season.period), f->there, season.period, 0, v.size());
    for (std::size_t i = 0; i < v.size(); ++i) f->values[i] -= part[i % season.period];
  }
  return out;
}

Values series(unsigned seed) {
  const std::size_t count = (seed % 24 == 7 ? 600 : 20) + (seed * 37) % 400, period = 3 + (seed * 5) % 40;
  auto out = noise(count, seed, 0.2 * (seed % 4));
  for (std::size_t i = 0; i < count; ++i) {
    const double at = static_cast<double>(i);
    if (seed % 5 != 4)
      out[i] += (seed % 5 == 0 ? 1 : 3) * std::sin(2 * std::numbers::pi * at / static_cast<double>(period));
    if (seed % 3 == 1) out[i] += i % (period * 2) < period ? 2 : 0;
    if (seed % 7 == 2) out[i] += i % period == 1 ? 9 : 0;
    if (seed % 4 == 1) out[i] += 0.02 * at;
    if (i == count / 2) out[i] += 60;
    if (seed % 6 == 5 && (i * 7 + seed) % 5 == 0) out[i] = kNone;
    if (seed % 11 == 10) out[i] = i % period == 0 ? 1 : 0;
  }
  return out;
}

TEST(FindSeasons, periods_and_strengths_equal_the_naive_ones) {
  SeasonSearch search;
  std::size_t found = 0, none = 0;
  for (unsigned seed = 0; seed < 70; ++seed) {
    const Values values = series(seed);
    const auto told = find_seasons(values, search), naive = naive_seasons(values);
    ASSERT_EQ(told.size(), naive.size()) << seed;
    for (std::size_t i = 0; i < told.size(); ++i) {
      EXPECT_EQ(told[i].period, naive[i].period) << seed;
      EXPECT_NEAR(told[i].strength, naive[i].strength, 1e-4) << seed;  // single precision beside double
    }
    (told.empty() ? none : found) += 1;
  }
  EXPECT_GT(found, 25U);
  EXPECT_GT(none, 5U);
}

TEST(ProfileOf, equals_the_means_of_each_phase_after_slow_movement) {
  SeasonSearch search;
  for (unsigned seed = 0; seed < 60; ++seed) {
    const Values values = series(seed);
    for (const std::size_t period : {2, 7, 19}) {
      Values told(period);
      profile_of(values, search, told);
      const auto f = filled(values);
      Values naive(period, 0);
      if (f) naive = profile(without_slow(f->values, period), f->there, period, 0, values.size());
      for (std::size_t i = 0; i < period; ++i)
        EXPECT_NEAR(told[i], naive[i] * (f ? f->unit : 1), 1e-4 * (f ? f->unit : 1)) << seed << " " << period;
    }
  }
}

}  // namespace
}  // namespace trimtab::kernels
