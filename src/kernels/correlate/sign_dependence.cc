// SPDX-License-Identifier: Apache-2.0
#include "kernels/correlate/sign_dependence.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

namespace trimtab::kernels {
namespace {

constexpr std::size_t kWord = 64;

std::uint64_t shifted_word(const std::vector<std::uint64_t>& words, std::size_t word, std::size_t lag) {
  const std::size_t from = word + lag / kWord;
  const std::size_t bits = lag % kWord;
  const std::uint64_t low = from < words.size() ? words[from] >> bits : 0;
  if (bits == 0 || from + 1 >= words.size()) return low;
  return low | words[from + 1] << (kWord - bits);
}

// The correlation of the signs `lag` columns apart, from counts of equal and of all pairs.
double sign_correlation(const SignBits& signs, std::size_t lag, double share) {
  std::int64_t pairs = 0, differ = 0;
  for (std::size_t word = 0; word < signs.present.size(); ++word) {
    const std::uint64_t both = signs.present[word] & shifted_word(signs.present, word, lag);
    pairs += std::popcount(both);
    differ += std::popcount((signs.up[word] ^ shifted_word(signs.up, word, lag)) & both);
  }
  if (pairs == 0) return 0;
  const double unlike = static_cast<double>(differ) / static_cast<double>(pairs);
  const double correlation = 1 - unlike / (2 * share * (1 - share));
  return std::sin(std::numbers::pi / 2 * std::clamp(correlation, -1.0, 1.0));
}

}  // namespace

void SignBits::assign(std::span<const double> values, double centre) {
  columns = values.size();
  const std::size_t words = (columns + kWord - 1) / kWord;
  present.resize(words);
  up.resize(words);
  std::int64_t finite = 0, above = 0, at_or_above = 0;
  const auto fill = [&](bool strictly) {
    for (std::size_t word = 0; word < words; ++word) {
      std::uint64_t there = 0, higher = 0, equal = 0;
      const std::size_t first = word * kWord;
      const std::size_t bits = std::min(kWord, columns - first);
      for (std::size_t bit = 0; bit < bits; ++bit) {
        const double value = values[first + bit];
        there |= static_cast<std::uint64_t>(value - value == 0) << bit;
        higher |= static_cast<std::uint64_t>(value > centre) << bit;
        equal |= static_cast<std::uint64_t>(value == centre) << bit;
      }
      present[word] = there;
      up[word] = there & (strictly ? higher : higher | equal);
      if (!strictly) continue;
      finite += std::popcount(there);
      above += std::popcount(there & higher);
      at_or_above += std::popcount(there & (higher | equal));
    }
  };
  fill(true);
  if (std::abs(2 * at_or_above - finite) < std::abs(2 * above - finite)) fill(false);
}

EffectiveCounts effective_counts(const SignBits& signs, std::size_t reference_count,
                                 std::size_t window_count) {
  const auto n = static_cast<double>(reference_count);
  const auto m = static_cast<double>(window_count);
  std::int64_t finite = 0, higher = 0;
  for (std::size_t word = 0; word < signs.present.size(); ++word) {
    finite += std::popcount(signs.present[word]);
    higher += std::popcount(signs.up[word]);
  }
  if (higher == 0 || higher == finite) return {n, m};
  const double share = static_cast<double>(higher) / static_cast<double>(finite);
  const auto weight = [](std::size_t lag, double count) {
    return std::max(0.0, 1 - static_cast<double>(lag) / count);
  };
  double time = 1;  // 1 + 2 sum rho
  double reference_sum = 1, window_sum = 1;
  double reference_weights = 0, window_weights = 0;
  double even = 1;  // lag 0
  for (std::size_t lag = 0; lag < signs.columns / 3; lag += 2) {
    if (lag > 0) even = sign_correlation(signs, lag, share);
    const double odd = sign_correlation(signs, lag + 1, share);
    if (even + odd <= 0) break;
    const auto add = [&](std::size_t at, double correlation) {
      time += 2 * correlation;
      reference_sum += 2 * weight(at, n) * correlation;
      window_sum += 2 * weight(at, m) * correlation;
      reference_weights += 2 * weight(at, n);
      window_weights += 2 * weight(at, m);
    };
    if (lag > 0) add(lag, even);
    add(lag + 1, odd);
  }
  const double bias = std::max(time, 1.0) / static_cast<double>(finite);  // each rho is too small by it
  reference_sum += bias * reference_weights;
  window_sum += bias * window_weights;
  return {n / std::clamp(reference_sum, 1.0, n), m / std::clamp(window_sum, 1.0, m)};
}

}  // namespace trimtab::kernels
