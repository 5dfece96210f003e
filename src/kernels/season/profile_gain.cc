// SPDX-License-Identifier: Apache-2.0
#include "kernels/season/profile_gain.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/clones.h"
#include "kernels/seasonality.h"

namespace trimtab::kernels {
namespace {

constexpr std::size_t kLanes = 8;
constexpr std::size_t kBlockMin = 64;  // shorter periods are taken several at a time

// Sums in eight lanes: the same additions on every machine, vectorised or not.
TRIMTAB_CLONES double product_sum(const float* a, const float* b, std::size_t count) {
  float lanes[2][kLanes] = {};
  std::size_t i = 0;
  for (; i + 2 * kLanes <= count; i += 2 * kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[0][lane] += a[i + lane] * b[i + lane];
    for (std::size_t lane = 0; lane < kLanes; ++lane)
      lanes[1][lane] += a[i + kLanes + lane] * b[i + kLanes + lane];
  }
  double sum = 0;
  for (std::size_t lane = 0; lane < kLanes; ++lane)
    sum += static_cast<double>(lanes[0][lane] + lanes[1][lane]);
  for (; i < count; ++i) sum += static_cast<double>(a[i] * b[i]);
  return sum;
}

TRIMTAB_CLONES void minus_window(const float* values, const double* prefix, std::size_t half,
                                 std::size_t first, std::size_t last, float* out) {
  const double share = 1 / static_cast<double>(2 * half + 1);
  for (std::size_t i = first; i < last; ++i)
    out[i] = values[i] - static_cast<float>((prefix[i + half + 1] - prefix[i - half]) * share);
}

TRIMTAB_CLONES void add_to(float* __restrict sums, const float* __restrict values, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) sums[i] += values[i];
}

TRIMTAB_CLONES void add_present(float* __restrict sums, float* __restrict counts,
                                const float* __restrict values, const float* __restrict present,
                                std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    sums[i] += values[i] * present[i];
    counts[i] += present[i];
  }
}

struct Moments {
  double count = 0, sum = 0, square = 0;
  double scatter() const { return count > 0 ? square - sum * sum / count : 0; }
};

// Of values less `profile`, one run of it.
template <bool kGaps>
[[gnu::always_inline]] inline void add_moments(const float* values, const float* present,
                                               const float* profile, std::size_t count, Moments& out) {
  float sums[kLanes] = {}, squares[kLanes] = {}, counts[kLanes] = {};
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      float value = values[i + lane] - profile[i + lane];
      if constexpr (kGaps) {
        value *= present[i + lane];
        counts[lane] += present[i + lane];
      }
      sums[lane] += value;
      squares[lane] += value * value;
    }
  }
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    out.sum += static_cast<double>(sums[lane]);
    out.square += static_cast<double>(squares[lane]);
    out.count += static_cast<double>(counts[lane]);
  }
  for (; i < count; ++i) {
    const double weight = kGaps ? static_cast<double>(present[i]) : 1;
    const double value = weight * static_cast<double>(values[i] - profile[i]);
    out.sum += value;
    out.square += value * value;
    if constexpr (kGaps) out.count += weight;
  }
  if constexpr (!kGaps) out.count += static_cast<double>(count);
}

TRIMTAB_CLONES Moments moments_less(const float* values, const float* present, std::size_t count,
                                    const float* profile, std::size_t block) {
  Moments out;
  for (std::size_t at = 0; at < count; at += block) {
    const std::size_t length = std::min(block, count - at);
    if (present != nullptr) {
      add_moments<true>(values + at, present + at, profile, length, out);
    } else {
      add_moments<false>(values + at, present, profile, length, out);
    }
  }
  return out;
}

std::size_t block_of(std::size_t period) { return period * ((kBlockMin + period - 1) / period); }

// scratch.profile: block_of(period) values, the profile repeated.
void learn(std::span<const float> values, std::span<const float> present, std::size_t period,
           ProfileScratch& scratch) {
  const std::size_t block = block_of(period);
  scratch.sums.assign(block, 0);
  scratch.counts.assign(block, 0);
  scratch.profile.resize(block);
  for (std::size_t at = 0; at < values.size(); at += block) {
    const std::size_t length = std::min(block, values.size() - at);
    if (present.empty()) {
      add_to(scratch.sums.data(), values.data() + at, length);
    } else {
      add_present(scratch.sums.data(), scratch.counts.data(), values.data() + at, present.data() + at,
                  length);
    }
  }
  double total = 0;
  for (std::size_t phase = 0; phase < period; ++phase) {
    double sum = 0, count = 0;
    for (std::size_t at = phase; at < block; at += period) {
      sum += static_cast<double>(scratch.sums[at]);
      count += static_cast<double>(scratch.counts[at]);
    }
    if (present.empty()) count = static_cast<double>((values.size() + period - 1 - phase) / period);
    const double mean = count > 0 ? sum / count : 0;
    scratch.profile[phase] = static_cast<float>(mean);
    total += mean;
  }
  const auto centre = static_cast<float>(total / static_cast<double>(period));
  for (std::size_t phase = 0; phase < period; ++phase) scratch.profile[phase] -= centre;
  for (std::size_t at = period; at < block; ++at) scratch.profile[at] = scratch.profile[at - period];
}

// scratch.smooth: scratch.profile averaged over `half` phases to either side, around the circle.
void smooth(std::size_t period, std::size_t half, ProfileScratch& scratch) {
  const std::size_t block = block_of(period);
  scratch.smooth.resize(block);
  double sum = 0;
  const auto at = [&](std::size_t phase) { return static_cast<double>(scratch.profile[phase % period]); };
  for (std::size_t offset = 0; offset < 2 * half + 1; ++offset) sum += at(period + offset - half);
  for (std::size_t phase = 0; phase < period; ++phase) {
    scratch.smooth[phase] = static_cast<float>(sum / static_cast<double>(2 * half + 1));
    sum += at(phase + half + 1) - at(period + phase - half);
  }
  for (std::size_t phase = period; phase < block; ++phase)
    scratch.smooth[phase] = scratch.smooth[phase - period];
}

}  // namespace

void take_off_slow(std::span<const float> values, std::span<const double> prefix, std::size_t width,
                   std::vector<float>& out) {
  const std::size_t count = values.size();
  CHECK(prefix.size() == count + 1, "{} sums of {} values", prefix.size(), count);
  out.resize(count);
  if (count == 0) return;
  const std::size_t half = std::min(std::max<std::size_t>(1, width / 2), (count - 1) / 2);
  const double share = 1 / static_cast<double>(2 * half + 1);
  const auto front = static_cast<float>(prefix[2 * half + 1] * share);
  const auto back = static_cast<float>((prefix[count] - prefix[count - 2 * half - 1]) * share);
  for (std::size_t i = 0; i < half; ++i) out[i] = values[i] - front;
  minus_window(values.data(), prefix.data(), half, half, count - half, out.data());
  for (std::size_t i = count - half; i < count; ++i) out[i] = values[i] - back;
}

double lagged_product(std::span<const float> values, std::size_t lag) {
  CHECK(lag < values.size(), "lag {} of {} values", lag, values.size());
  const std::size_t pairs = values.size() - lag;
  return product_sum(values.data() + lag, values.data(), pairs) / static_cast<double>(pairs);
}

double profile_gain(std::span<const float> values, std::span<const float> present, std::size_t period,
                    ProfileScratch& scratch, std::size_t test_cycles) {
  const std::size_t cycles = period > 1 ? values.size() / period : 0;
  if (cycles < kCyclesMin) return 0;
  const std::size_t skipped = values.size() - cycles * period;
  if (test_cycles == 0) test_cycles = std::max<std::size_t>(1, cycles / 3);
  CHECK(test_cycles < cycles, "{} of {} cycles", test_cycles, cycles);
  const std::size_t train = (cycles - test_cycles) * period;
  const auto part = [&](std::span<const float> all, std::size_t from, std::size_t count) {
    return all.empty() ? all : all.subspan(from, count);
  };
  learn(values.subspan(skipped, train), part(present, skipped, train), period, scratch);
  const auto test = values.subspan(skipped + train);
  const float* const there = present.empty() ? nullptr : present.data() + skipped + train;
  const std::size_t block = block_of(period);
  const auto scatter = [&](const std::vector<float>& profile) {
    return moments_less(test.data(), there, test.size(), profile.data(), block).scatter();
  };
  const double with = scatter(scratch.profile);
  scratch.sums.assign(block, 0);
  const double without = scatter(scratch.sums);
  if (!(without > 0)) return 0;
  double best = with;
  const std::size_t train_cycles = cycles - test_cycles;
  const std::size_t half = std::min((kProfileValues + train_cycles - 1) / train_cycles / 2, period / 8);
  if (half > 0) {
    smooth(period, half, scratch);
    best = std::min(best, scatter(scratch.smooth));
  }
  return 1 - best / without;
}

void mean_profile(std::span<const float> values, std::span<const float> present, ProfileScratch& scratch,
                  std::span<float> profile) {
  CHECK(profile.size() > 1);
  learn(values, present, profile.size(), scratch);
  std::copy_n(scratch.profile.begin(), profile.size(), profile.begin());
}

}  // namespace trimtab::kernels
