// SPDX-License-Identifier: Apache-2.0
#include "kernels/season/find_seasons.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "base/check.h"
#include "kernels/correlate/order.h"
#include "kernels/seasonality.h"

namespace trimtab::kernels {
namespace {

constexpr double kWild = 6;              // robust standard deviations: beyond, a value is clipped
constexpr std::size_t kSampleMax = 512;  // values that give centre and scale, bins that give a background
constexpr std::size_t kBandSample = 128;
constexpr double kBandWidth = 1.6;      // of the neighbourhood of a frequency, to either side
constexpr std::size_t kBandMin = 12;    // bins of it, to either side
constexpr double kHillMin = 0.02;       // of the autocorrelation above its valley
constexpr double kMultipleGain = 0.08;  // how much better a multiple must predict
constexpr std::size_t kMultipleMax = 7;
constexpr double kNearlyEqual = 0.02;  // of two gains
constexpr double kFalseUsual = 0.05;   // kFalsePeaks of the usual lengths
constexpr float kPowerBend = 30;       // of one bin, in means: beyond, by its logarithm
constexpr double kFloor = 0.01;        // of a bin's background, in means of the whole spectrum
constexpr std::size_t kSumsMax = 6;    // 1, 2, 4, ... kHarmonicsMax harmonics

// A sample that does not resonate with any period: steps of the golden section around the series.
double spread_out(std::size_t k) {
  const double at = static_cast<double>(k) * (std::numbers::phi - 1);
  return at - std::floor(at);
}

// Lines over gaps, level at the ends; clipped, in robust standard deviations around the centre. False when
// there is too little.
bool fill(std::span<const double> values, SeasonSearch& search) {
  const std::size_t count = values.size();
  auto& out = search.filled;
  auto& present = search.present;
  out.resize(count);
  present.resize(count);
  std::size_t there = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const bool finite = values[i] - values[i] == 0;
    present[i] = finite ? 1.0f : 0.0f;
    there += static_cast<std::size_t>(finite);
  }
  if (there < kSeasonValuesMin || 2 * there < count) return false;
  auto& sample = search.sample;
  sample.clear();
  if (there <= kSampleMax) {
    for (const double value : values)
      if (value - value == 0) sample.push_back(value);
  } else {
    for (std::size_t k = 0; k < 2 * kSampleMax && sample.size() < kSampleMax; ++k) {
      const double value = values[static_cast<std::size_t>(spread_out(k) * static_cast<double>(count))];
      if (value - value == 0) sample.push_back(value);
    }
  }
  const double centre = fast_median(sample);
  for (double& value : sample) value = std::abs(value - centre);
  double scale = 1.4826 * fast_median(sample);
  double reach = kWild;
  if (!(scale > 0)) {
    // More than half are equal: nothing is wild, the largest distance is the unit.
    for (const double value : values)
      if (value - value == 0) scale = std::max(scale, std::abs(value - centre));
    if (!(scale > 0)) return false;
    reach = 2;
  }
  search.unit = scale;
  const double per_scale = 1 / scale;
  std::size_t last = count;  // the last present one
  for (std::size_t i = 0; i < count; ++i) {
    if (present[i] == 0) continue;
    out[i] = static_cast<float>(std::clamp((values[i] - centre) * per_scale, -reach, reach));
    const std::size_t from = last == count ? 0 : last + 1;
    for (std::size_t gap = from; gap < i; ++gap) {
      const float share = last == count ? 1 : static_cast<float>(gap - last) / static_cast<float>(i - last);
      out[gap] = last == count ? out[i] : out[last] + share * (out[i] - out[last]);
    }
    last = i;
  }
  for (std::size_t i = last + 1; i < count; ++i) out[i] = out[last];
  if (there == count) present.clear();
  return true;
}

// search.power: in units of its neighbourhood's mean, so about exponential with mean 1 in noise.
void whitened_power(SeasonSearch& search) {
  const auto& series = search.filled;
  const std::size_t count = series.size();
  const auto mean = static_cast<float>(search.prefix.back() / static_cast<double>(count));
  auto& centred = search.rest;
  centred.resize(count);
  search.white.resize(count);
  for (std::size_t i = 0; i < count; ++i) centred[i] = series[i] - mean;
  const double square = lagged_product(centred, 0);
  const double product = lagged_product(centred, 1);
  const auto phi = static_cast<float>(square > 0 ? std::clamp(product / square, 0.0, 1.0) : 0);
  search.white[0] = 0;
  for (std::size_t i = 1; i < count; ++i) search.white[i] = centred[i] - phi * centred[i - 1];
  hann_power(search.white, search.spectrum, search.power);
  auto& power = search.power;
  auto& mean_of = search.white;  // no longer needed
  mean_of.resize(std::max(power.size(), count));
  for (std::size_t k = 1; k < power.size();) {
    // One median serves a stretch of frequencies an eighth as wide as its band.
    const auto reach =
        std::max(kBandMin, static_cast<std::size_t>(static_cast<double>(k) * (kBandWidth - 1)));
    const std::size_t low = k > reach ? k - reach : 1;
    const std::size_t high = std::min(power.size(), k + reach + 1);
    // Wide bands are read in steps.
    const std::size_t stride = std::max<std::size_t>(1, (high - low) / kBandSample);
    search.sample.clear();
    for (std::size_t i = low; i < high; i += stride) search.sample.push_back(power[i]);
    // Of exponential powers the median is mean * ln 2.
    const auto background = static_cast<float>(fast_median(search.sample) / std::numbers::ln2);
    const std::size_t until = std::min(power.size(), k + std::max<std::size_t>(1, reach / 8));
    for (; k < until; ++k) mean_of[k] = background;
  }
  // Where lines stand on nothing, their skirts would look like lines.
  double total = 0;
  for (const float value : power) total += static_cast<double>(value);
  const auto floor = static_cast<float>(std::max(kFloor * total / static_cast<double>(power.size()), 1e-30));
  for (std::size_t k = 1; k < power.size(); ++k) {
    power[k] /= std::max(mean_of[k], floor);
    if (power[k] > kPowerBend) power[k] = kPowerBend * (1 + std::log(power[k] / kPowerBend));
  }
}

constexpr std::array<double, kSumsMax> kLogFactorial{0, 0, 1.791759, 8.525161, 27.89927, 78.09222};

// -log P(sum of 2^level exponential variables > sum), by the first term of the gamma distribution's tail: at
// most log(sum) too large, and by as much for all periods.
double evidence_in(double sum, std::size_t level) {
  const auto terms = static_cast<double>(std::size_t{1} << level);
  return sum - (terms - 1) * std::log(sum) + kLogFactorial[level];
}

// Where a sum of 1, 2, 4, ... harmonics becomes telling.
struct Bounds {
  std::array<float, kSumsMax> sums{};
};

struct Candidate {
  std::size_t period = 0;
  double evidence = 0;  // -log of the chance in noise
};

Bounds bounds_for(double least) {
  constexpr int kNewtonSteps = 8;
  Bounds out;
  for (std::size_t level = 0; level < kSumsMax; ++level) {
    const auto terms = static_cast<double>(std::size_t{1} << level);
    double sum = 3 * (terms + least);  // far behind the bend: from there Newton's steps fall
    for (int step = 0; step < kNewtonSteps; ++step)
      sum -= (evidence_in(sum, level) - least) / (1 - (terms - 1) / sum);
    out.sums[level] = static_cast<float>(sum);
  }
  return out;
}

// The largest evidence over 1, 2, 4, ... harmonics; 0 when none is above its bound.
double evidence_of(std::size_t period, std::span<const float> power, const Bounds& bounds) {
  const std::uint64_t step = (2 * std::uint64_t{power.size()} << 32) / period;
  std::uint64_t at = std::uint64_t{1} << 31;  // half a bin, to round
  if ((at + step) >> 32 >= power.size()) return power.back() > bounds.sums[0] ? power.back() : 0;
  const std::uint64_t end = std::uint64_t{power.size()} << 32;
  float sum = 0;
  double best = 0;
  std::size_t added = 0;
  for (std::size_t level = 0; level < kSumsMax; ++level) {
    const std::size_t terms = std::size_t{1} << level;
    for (; added < terms && at + step < end; ++added) sum += power[(at += step) >> 32];
    // Where the spectrum ends between two numbers of harmonics, the bound of the larger is kept.
    if (sum > bounds.sums[level]) best = std::max(best, evidence_in(static_cast<double>(sum), level));
    if (added < terms) break;
  }
  return best;
}

// Periods whose evidence stands out, each the best of its neighbourhood, the strongest first.
std::vector<Candidate> find_candidates(std::size_t count, const std::vector<float>& power) {
  const std::size_t longest = count / kCyclesMin;
  const double size = 2 * static_cast<double>(power.size());
  // Where the highest harmonic moves by less than half a bin from one period to the next, some are skipped.
  const auto step_at = [&](std::size_t period) {
    const double p = static_cast<double>(period);
    return std::max<std::size_t>(
        1, static_cast<std::size_t>(p * p / (2 * static_cast<double>(kHarmonicsMax) * size)));
  };
  double tests = 0;
  for (std::size_t period = 2; period <= longest; period += step_at(period)) tests += 1;
  const double least = std::log(std::max(1.0, tests) * static_cast<double>(kSumsMax) / kFalsePeaks);
  const Bounds bounds = bounds_for(least);
  const Bounds usual_bounds =
      bounds_for(std::log(static_cast<double>(kUsualSeasons.size() * kSumsMax) / kFalseUsual));
  std::vector<Candidate> all;
  for (std::size_t period = 2; period <= longest; period += step_at(period)) {
    const double evidence = evidence_of(period, power, bounds);
    if (evidence > 0) all.push_back({period, evidence});
  }
  for (const std::size_t period : kUsualSeasons) {
    if (period > longest) break;
    const double evidence = evidence_of(period, power, usual_bounds);
    if (evidence > 0) all.push_back({period, evidence});
  }
  std::sort(all.begin(), all.end(), [](const Candidate& x, const Candidate& y) {
    return x.evidence != y.evidence ? x.evidence > y.evidence : x.period < y.period;
  });
  std::vector<Candidate> out;
  for (const Candidate& candidate : all) {
    const auto near = [&](const Candidate& other) {
      const double p = static_cast<double>(other.period), q = static_cast<double>(candidate.period);
      return std::abs(p - q) <= std::max(1.0, p * p / static_cast<double>(count));
    };
    if (std::any_of(out.begin(), out.end(), near)) continue;
    out.push_back(candidate);
    if (out.size() == kPeaksTried) break;
  }
  return out;
}

// How far, in lags, a frequency bin reaches.
std::size_t reach_of(std::size_t period, std::size_t count) {
  return std::max<std::size_t>(1, period * period / count / 2);
}

// The lag of the autocorrelation's hill near a period; 0 when there is none.
std::size_t hill_near(std::span<const float> series, std::size_t period) {
  const double square = lagged_product(series, 0);
  if (!(square > 0)) return 0;
  const auto at = [&](std::size_t lag) { return lagged_product(series, lag) / square; };
  const std::size_t count = series.size();
  // A few lags stand for all of a wide hill.
  const std::size_t width = reach_of(period, count);
  const std::size_t low = std::max<std::size_t>(2, period - std::min(period, width));
  const std::size_t high = std::min(period + width, count - 1);
  const std::size_t step = std::max<std::size_t>(1, (high - low) / 8);
  std::size_t best = 0;
  double best_value = -1;
  const auto look = [&](std::size_t lag) {
    if (lag < 2 || lag >= count) return;
    const double value = at(lag);
    if (value > best_value) best_value = value, best = lag;
  };
  for (std::size_t lag = low; lag <= high; lag += step) look(lag);
  for (std::size_t fine = step / 2; fine > 0 && best > 0; fine /= 2) {
    const std::size_t middle = best;
    look(middle - std::min(middle, fine));
    look(middle + fine);
  }
  if (best == 0 || best < 4) return best;
  const double before = at(best / 2);
  const double after = best + best / 2 < count ? at(best + best / 2) : before;
  return best_value - std::max(before, after) > kHillMin ? best : 0;
}

void add_up(SeasonSearch& search) {
  search.prefix.resize(search.filled.size() + 1);
  double sum = 0;
  search.prefix[0] = 0;
  for (std::size_t i = 0; i < search.filled.size(); ++i) search.prefix[i + 1] = sum += search.filled[i];
}

// The fewer cycles, the more chance gains.
double strength_needed(std::size_t cycles) { return std::max(kStrengthMin, 1 / static_cast<double>(cycles)); }

// What `period` gains at the values that judge the longer period `whole`.
double gain_beside(std::size_t whole, std::size_t period, SeasonSearch& search) {
  const std::size_t cycles = search.rest.size() / whole;
  const auto newest = [&](const std::vector<float>& all) {
    return std::span(all).last(std::min(all.size(), cycles * whole));
  };
  const std::size_t test = std::max<std::size_t>(1, cycles / 3) * whole / period;
  return profile_gain(newest(search.rest), newest(search.present), period, search.gain, test);
}

Season try_period(std::size_t period, SeasonSearch& search) {
  const std::size_t count = search.filled.size();
  take_off_slow(search.filled, search.prefix, 2 * period, search.rest);
  const std::size_t lag = hill_near(search.rest, period);
  if (lag < 2) return {};
  take_off_slow(search.filled, search.prefix, lag, search.rest);
  Season season;
  const auto look = [&](std::size_t tried, double nearly) {
    const double gain = profile_gain(search.rest, search.present, tried, search.gain);
    if (gain >= strength_needed(count / tried) && gain > season.strength - nearly) season = {tried, gain};
  };
  // The hill's top may be blunt.
  for (const std::size_t tried : {lag, lag - 1, lag + 1, period})
    if (tried * kCyclesMin <= count) look(tried, 0);
  if (season.period == 0) return season;
  // Skirts of strong lines speak for multiples of the period too; those predict no better than it does.
  for (std::size_t times = kMultipleMax; times > 1; --times) {
    const std::size_t part = (season.period + times / 2) / times;
    if (part < 2) continue;
    if (const double gain = gain_beside(season.period, part, search); gain > season.strength - kNearlyEqual) {
      season = {part, gain};
      break;
    }
  }
  // Of lengths that the series can not tell apart, the one that clocks know.
  const std::size_t found = season.period;
  const std::size_t width = reach_of(found, count);
  for (const std::size_t usual : kUsualSeasons)
    if (usual != found && usual + width >= found && usual <= found + width && usual * kCyclesMin <= count)
      look(usual, kNearlyEqual);
  // Every second of two unlike days shows in half of the harmonics, the day in all of them.
  const std::size_t base = season.period;
  for (std::size_t times = 2; times <= kMultipleMax && base * times * kCyclesMin <= count; ++times) {
    const std::size_t multiple = base * times;
    take_off_slow(search.filled, search.prefix, multiple, search.rest);
    const double gain = profile_gain(search.rest, search.present, multiple, search.gain);
    if (gain < strength_needed(count / multiple) || gain < season.strength + kMultipleGain) continue;
    const double of_base = gain_beside(multiple, base, search);
    if (gain > of_base + kMultipleGain) season = {multiple, gain};
  }
  return season;
}

}  // namespace

std::vector<Season> find_seasons(std::span<const double> values, SeasonSearch& search) {
  std::vector<Season> found;
  if (values.size() < kSeasonValuesMin || !fill(values, search)) return found;
  while (found.size() < kSeasonsMax) {
    add_up(search);
    whitened_power(search);
    Season season;
    for (const Candidate& candidate : find_candidates(values.size(), search.power)) {
      season = try_period(candidate.period, search);
      if (season.period != 0) break;
    }
    const bool known = std::any_of(found.begin(), found.end(),
                                   [&](const Season& other) { return other.period == season.period; });
    if (season.period == 0 || known) break;
    found.push_back(season);
    if (found.size() == kSeasonsMax) break;
    search.profile.resize(season.period);
    take_off_slow(search.filled, search.prefix, season.period, search.rest);
    mean_profile(search.rest, search.present, search.gain, search.profile);
    for (std::size_t i = 0, phase = 0; i < values.size(); ++i) {
      search.filled[i] -= search.profile[phase];
      phase = phase + 1 == season.period ? 0 : phase + 1;
    }
  }
  return found;
}

void profile_of(std::span<const double> values, SeasonSearch& search, std::span<double> profile) {
  CHECK(profile.size() > 1 && profile.size() <= values.size(), "period {} of {} values", profile.size(),
        values.size());
  std::fill(profile.begin(), profile.end(), 0.0);
  if (values.size() < kSeasonValuesMin || !fill(values, search)) return;
  add_up(search);
  take_off_slow(search.filled, search.prefix, profile.size(), search.rest);
  search.profile.resize(profile.size());
  mean_profile(search.rest, search.present, search.gain, search.profile);
  for (std::size_t i = 0; i < profile.size(); ++i)
    profile[i] = search.unit * static_cast<double>(search.profile[i]);
}

}  // namespace trimtab::kernels
