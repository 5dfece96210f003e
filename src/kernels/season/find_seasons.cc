// SPDX-License-Identifier: Apache-2.0
#include "kernels/season/find_seasons.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <numeric>

#include "kernels/quantile.h"

namespace trimtab::kernels {
namespace {

constexpr double kWild = 6;             // robust standard deviations: beyond, a value is clipped
constexpr double kBandWidth = 1.6;      // of the neighbourhood of a frequency, to either side
constexpr std::size_t kBandMin = 12;    // bins of it, to either side
constexpr std::size_t kPeakHalf = 3;    // bins of a Hann peak, to either side
constexpr double kHillMin = 0.02;       // of the autocorrelation above its valley
constexpr double kMultipleGain = 0.08;  // how much better a multiple must predict
constexpr std::size_t kMultipleMax = 7;
constexpr std::size_t kOvertoneMax = 4;

// Lines over gaps, level at the ends; clipped. False when there is too little.
bool fill(std::span<const double> values, SeasonSearch& search) {
  auto& band = search.band;
  band.clear();
  for (const double value : values) {
    if (std::isfinite(value)) band.push_back(value);
  }
  if (band.size() < kSeasonValuesMin || 2 * band.size() < values.size()) return false;
  const double centre = median_in_place(band);
  const double scale = mad_in_place(band, centre);
  const double reach = scale > 0 ? kWild * scale : INFINITY;
  auto& out = search.filled;
  out.resize(values.size());
  std::size_t last = values.size();  // the last present one
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) continue;
    out[i] = std::clamp(values[i], centre - reach, centre + reach);
    const std::size_t from = last == values.size() ? 0 : last + 1;
    for (std::size_t gap = from; gap < i; ++gap) {
      const double share =
          last == values.size() ? 1 : static_cast<double>(gap - last) / static_cast<double>(i - last);
      out[gap] = last == values.size() ? out[i] : out[last] + share * (out[i] - out[last]);
    }
    last = i;
  }
  for (std::size_t i = last + 1; i < values.size(); ++i) out[i] = out[last];
  return true;
}

// In place, size a power of two; decimation in time.
void fourier(std::vector<std::complex<double>>& data, std::vector<std::complex<double>>& twiddles) {
  const std::size_t size = data.size();
  if (twiddles.size() != size / 2) {
    twiddles.resize(size / 2);
    for (std::size_t i = 0; i < size / 2; ++i) {
      twiddles[i] =
          std::polar(1.0, -2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(size));
    }
  }
  for (std::size_t i = 1, j = 0; i < size; ++i) {
    std::size_t bit = size >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) std::swap(data[i], data[j]);
  }
  for (std::size_t length = 2; length <= size; length <<= 1) {
    const std::size_t half = length / 2;
    const std::size_t stride = size / length;
    for (std::size_t block = 0; block < size; block += length) {
      for (std::size_t k = 0; k < half; ++k) {
        const std::complex<double> w = twiddles[k * stride];
        const std::complex<double> a = data[block + k];
        const std::complex<double> b = data[block + k + half];
        // Written out: the library's product looks for NaN.
        const std::complex<double> t(b.real() * w.real() - b.imag() * w.imag(),
                                     b.real() * w.imag() + b.imag() * w.real());
        data[block + k] = {a.real() + t.real(), a.imag() + t.imag()};
        data[block + k + half] = {a.real() - t.real(), a.imag() - t.imag()};
      }
    }
  }
}

// Power at k / (2 * power.size()) cycles a value, of the AR(1)-filtered series under a Hann window.
void periodogram(std::span<const double> series, SeasonSearch& search) {
  const std::size_t count = series.size();
  const double mean = std::accumulate(series.begin(), series.end(), 0.0) / static_cast<double>(count);
  double square = 0;
  double product = 0;
  for (std::size_t i = 0; i < count; ++i) {
    square += (series[i] - mean) * (series[i] - mean);
    if (i > 0) product += (series[i] - mean) * (series[i - 1] - mean);
  }
  const double phi = square > 0 ? std::clamp(product / square, 0.0, 1.0) : 0;
  const std::size_t size = std::bit_ceil(count);
  const std::size_t half = size / 2;
  auto& data = search.spectrum;
  data.assign(half, {});
  // cos of the window by rotation.
  const std::complex<double> turn = std::polar(1.0, 2 * std::numbers::pi / static_cast<double>(count));
  std::complex<double> angle = 1;
  for (std::size_t i = 1; i < count; ++i) {
    angle = {angle.real() * turn.real() - angle.imag() * turn.imag(),
             angle.real() * turn.imag() + angle.imag() * turn.real()};
    const double value = ((series[i] - mean) - phi * (series[i - 1] - mean)) * (1 - angle.real());
    if (i % 2 == 0) {
      data[i / 2].real(value);
    } else {
      data[i / 2].imag(value);
    }
  }
  fourier(data, search.twiddles);
  // Two real halves out of one complex transform.
  search.power.assign(half, 0);
  const std::complex<double> step = std::polar(1.0, -2 * std::numbers::pi / static_cast<double>(size));
  std::complex<double> w = 1;
  for (std::size_t k = 1; k < half; ++k) {
    w = {w.real() * step.real() - w.imag() * step.imag(), w.real() * step.imag() + w.imag() * step.real()};
    const std::complex<double> a = data[k];
    const std::complex<double> b = std::conj(data[half - k]);
    const std::complex<double> even = 0.5 * (a + b);
    const std::complex<double> odd(0.5 * (a.imag() - b.imag()), -0.5 * (a.real() - b.real()));
    const std::complex<double> sum(even.real() + odd.real() * w.real() - odd.imag() * w.imag(),
                                   even.imag() + odd.real() * w.imag() + odd.imag() * w.real());
    search.power[k] = std::norm(sum);
  }
}

struct Peak {
  double period = 0;
  double ratio = 0;
};

// The highest bins against the median of their neighbourhood, strongest first.
std::vector<Peak> find_peaks(std::size_t count, SeasonSearch& search) {
  const auto& power = search.power;
  const double size = 2 * static_cast<double>(power.size());
  const auto first = static_cast<std::size_t>(std::ceil(kCyclesMin * size / static_cast<double>(count)));
  // exp-distributed powers: median = mean * ln 2, and P(ratio to the median > r) = 2^-r.
  const double least = std::log2(static_cast<double>(count) / 2 / kFalsePeaks);
  std::vector<Peak> peaks;
  double background = 0;
  std::size_t valid_until = 0;
  for (std::size_t k = std::max<std::size_t>(first, 1); k + 1 < power.size(); ++k) {
    if (k >= valid_until) {
      // One median serves a stretch of frequencies an eighth as wide as its band.
      const auto reach =
          std::max(kBandMin, static_cast<std::size_t>(static_cast<double>(k) * (kBandWidth - 1)));
      const std::size_t low = k > reach ? std::max<std::size_t>(1, k - reach) : 1;
      const std::size_t high = std::min(power.size(), k + reach + 1);
      // Wide bands are read in steps: a median of some hundreds of bins is exact enough.
      const std::size_t stride = std::max<std::size_t>(1, (high - low) / 256);
      search.band.clear();
      for (std::size_t i = low; i < high; i += stride) search.band.push_back(power[i]);
      background = median_in_place(search.band);
      valid_until = k + std::max<std::size_t>(1, reach / 8);
    }
    if (power[k] < power[k - 1] || power[k] < power[k + 1] || !(power[k] > least * background)) continue;
    const double a = std::log(power[k - 1] + 1e-300);
    const double b = std::log(power[k]);
    const double c = std::log(power[k + 1] + 1e-300);
    const double bend = a - 2 * b + c;
    const double shift = bend < 0 ? std::clamp(0.5 * (a - c) / bend, -0.5, 0.5) : 0;
    peaks.push_back(
        {size / (static_cast<double>(k) + shift), background > 0 ? power[k] / background : INFINITY});
  }
  std::sort(peaks.begin(), peaks.end(), [](const Peak& x, const Peak& y) {
    return x.ratio != y.ratio ? x.ratio > y.ratio : x.period < y.period;
  });
  if (peaks.size() > kPeaksTried) peaks.resize(kPeaksTried);
  return peaks;
}

double autocorrelation(std::span<const double> series, double mean, double square, std::size_t lag) {
  double sum = 0;
  for (std::size_t i = lag; i < series.size(); ++i) sum += (series[i] - mean) * (series[i - lag] - mean);
  return sum / square * static_cast<double>(series.size()) / static_cast<double>(series.size() - lag);
}

// The lag of the autocorrelation's hill near a period; 0 when there is none.
std::size_t validate(std::span<const double> series, double period) {
  const double mean = std::accumulate(series.begin(), series.end(), 0.0) / static_cast<double>(series.size());
  double square = 0;
  for (const double value : series) square += (value - mean) * (value - mean);
  if (!(square > 0) || period < 2) return 0;
  // How far a frequency bin reaches, in lags; a few lags stand for all of a wide hill.
  const double width = std::max(1.0, period * period / static_cast<double>(series.size()) / 2);
  std::size_t best = 0;
  double best_value = -1;
  const auto low = static_cast<std::size_t>(std::max(2.0, std::floor(period - width)));
  const auto high = static_cast<std::size_t>(std::ceil(period + width));
  const std::size_t step = std::max<std::size_t>(1, (high - low) / 8);
  for (std::size_t lag = low; lag <= high && lag < series.size(); lag += step) {
    const double value = autocorrelation(series, mean, square, lag);
    if (value > best_value) best_value = value, best = lag;
  }
  for (std::size_t fine = step / 2; fine > 0 && best > 0; fine /= 2) {
    for (const std::size_t lag : {best - std::min(best - 2, fine), best + fine}) {
      if (lag < 2 || lag >= series.size()) continue;
      const double value = autocorrelation(series, mean, square, lag);
      if (value > best_value) best_value = value, best = lag;
    }
  }
  if (best == 0) return 0;
  const double before = autocorrelation(series, mean, square, best / 2);
  const double after =
      best + best / 2 < series.size() ? autocorrelation(series, mean, square, best + best / 2) : before;
  return best_value - std::max(before, after) > kHillMin || best < 4 ? best : 0;
}

// The series less its mean over a window of `width` values around each: slow movement is not the season's.
void take_off_slow(std::span<const double> series, std::size_t width, std::vector<double>& out) {
  const std::size_t count = series.size();
  const std::size_t half = std::max<std::size_t>(1, width / 2);
  out.resize(count);
  double sum = 0;
  std::size_t from = 0;
  std::size_t to = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t low = i >= half ? i - half : 0;
    const std::size_t high = std::min(count, i + half + 1);
    for (; to < high; ++to) sum += series[to];
    for (; from < low; ++from) sum -= series[from];
    out[i] = series[i] - sum / static_cast<double>(to - from);
  }
}

}  // namespace

std::vector<Season> find_seasons(std::span<const double> values, SeasonSearch& search) {
  std::vector<Season> found;
  if (values.size() < kSeasonValuesMin || !fill(values, search)) return found;
  // What the profile of `period` gains once movement slower than `slow` is off.
  const auto gain_of = [&](std::size_t period, std::size_t slow) {
    if (period < 2 || period * kCyclesMin > values.size()) return 0.0;
    take_off_slow(search.filled, slow, search.rest);
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!std::isfinite(values[i])) search.rest[i] = std::nan("");
    }
    return seasonal_gain(search.rest, period, search.scratch);
  };
  while (found.size() < kSeasonsMax) {
    periodogram(search.filled, search);
    std::vector<Peak> peaks = find_peaks(values.size(), search);
    Season season;
    for (const Peak& peak : peaks) {
      // A pattern of sharp edges shows its overtones first: then the period is a multiple.
      for (std::size_t times = 1; times <= kOvertoneMax && season.period == 0; ++times) {
        const double period = peak.period * static_cast<double>(times);
        if (period * kCyclesMin > static_cast<double>(values.size())) break;
        take_off_slow(search.filled, 2 * static_cast<std::size_t>(std::lround(period)), search.rest);
        const std::size_t lag = validate(search.rest, period);
        if (lag < 2) continue;
        // The hill's top is blunt, the periodogram's peak between two whole numbers.
        const auto near = static_cast<std::size_t>(std::lround(period));
        for (const std::size_t tried : {near, near - 1, near + 1, lag}) {
          const double gain = gain_of(tried, near);
          if (gain >= kStrengthMin && gain > season.strength) season = {tried, gain};
        }
      }
      if (season.period != 0) break;
    }
    if (season.period == 0) break;
    const std::size_t base = season.period;
    for (std::size_t times = 2; times <= kMultipleMax && base * times * kCyclesMin <= values.size();
         ++times) {
      const std::size_t multiple = base * times;
      const double gain = gain_of(multiple, multiple);
      if (gain > gain_of(base, multiple) + kMultipleGain && gain > season.strength) season = {multiple, gain};
    }
    const bool known = std::any_of(found.begin(), found.end(),
                                   [&](const Season& other) { return other.period == season.period; });
    if (known) break;
    found.push_back(season);
    search.profile.resize(season.period);
    take_off_slow(search.filled, season.period, search.rest);
    seasonal_profile(search.rest, season.period, search.scratch, search.profile);
    for (std::size_t i = 0; i < values.size(); ++i) {
      search.filled[i] -= search.profile[i % season.period];
    }
  }
  return found;
}

}  // namespace trimtab::kernels
