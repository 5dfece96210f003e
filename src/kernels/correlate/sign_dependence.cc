// SPDX-License-Identifier: Apache-2.0
#include "kernels/correlate/sign_dependence.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numbers>

#include "base/clones.h"

namespace trimtab::kernels {
namespace {

constexpr std::size_t kWord = 64;

struct Pairs {
  std::int64_t all = 0, unlike = 0;
};

// Pairs `lag` columns apart. Behind the last word of either there must be a word of zeros.
TRIMTAB_CLONES Pairs count_pairs(const std::uint64_t* present, const std::uint64_t* up, std::size_t words,
                                 std::size_t lag) {
  Pairs out;
  const std::size_t skip = lag / kWord;
  const std::size_t bits = lag % kWord;
  for (std::size_t word = 0; word + skip < words; ++word) {
    const std::size_t from = word + skip;
    // Twice by less than a word: a shift by a whole one is not defined.
    const std::uint64_t there = present[from] >> bits | present[from + 1] << 1 << (kWord - 1 - bits);
    const std::uint64_t higher = up[from] >> bits | up[from + 1] << 1 << (kWord - 1 - bits);
    const std::uint64_t both = present[word] & there;
    out.all += std::popcount(both);
    out.unlike += std::popcount((up[word] ^ higher) & both);
  }
  return out;
}

// The correlation of the signs `lag` columns apart, from counts of equal and of all pairs.
double sign_correlation(const SignBits& signs, std::size_t lag, double share) {
  const Pairs pairs = count_pairs(signs.present.data(), signs.up.data(), signs.up.size() - 1, lag);
  if (pairs.all == 0) return 0;
  const double unlike = static_cast<double>(pairs.unlike) / static_cast<double>(pairs.all);
  const double correlation = 1 - unlike / (2 * share * (1 - share));
  return std::sin(std::numbers::pi / 2 * std::clamp(correlation, -1.0, 1.0));
}

// Bytes of 0 and 1.
TRIMTAB_CLONES void compare(const double* values, std::size_t count, double centre, std::uint8_t* present,
                            std::uint8_t* above, std::uint8_t* equal) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t there = values[i] - values[i] == 0 ? 1 : 0;
    const std::uint64_t higher = values[i] > centre ? 1 : 0;
    const std::uint64_t same = values[i] == centre ? 1 : 0;
    present[i] = static_cast<std::uint8_t>(there);
    above[i] = static_cast<std::uint8_t>(higher & there);
    equal[i] = static_cast<std::uint8_t>(same);
  }
}

// Eight bytes of 0 and 1 to eight bits, the first the lowest.
std::uint64_t pack(const std::uint8_t* bytes) {
  std::uint64_t eight;
  std::memcpy(&eight, bytes, sizeof eight);
  return (eight * 0x0102040810204080u) >> 56;
}

}  // namespace

void SignBits::assign(std::span<const double> values, double centre) {
  columns = values.size();
  const std::size_t words = (columns + kWord - 1) / kWord;
  if (bytes.size() != 3 * words * kWord) bytes.resize(3 * words * kWord);
  std::uint8_t* const there = bytes.data();
  std::uint8_t* const above = there + words * kWord;
  std::uint8_t* const equal = above + words * kWord;
  for (std::uint8_t* flags : {there, above, equal}) std::fill(flags + columns, flags + words * kWord, 0);
  compare(values.data(), columns, centre, there, above, equal);
  present.assign(words + 1, 0);
  up.assign(words + 1, 0);
  std::int64_t finite = 0, higher = 0, same = 0;
  for (std::size_t word = 0; word < words; ++word) {
    std::uint64_t equal_bits = 0;
    for (std::size_t byte = 0; byte < kWord; byte += 8) {
      const std::size_t at = word * kWord + byte;
      present[word] |= pack(there + at) << byte;
      up[word] |= pack(above + at) << byte;
      equal_bits |= pack(equal + at) << byte;
    }
    finite += std::popcount(present[word]);
    higher += std::popcount(up[word]);
    same += std::popcount(equal_bits);
  }
  if (std::abs(2 * (higher + same) - finite) >= std::abs(2 * higher - finite)) return;
  for (std::size_t word = 0; word < words; ++word) {
    for (std::size_t byte = 0; byte < kWord; byte += 8) up[word] |= pack(equal + word * kWord + byte) << byte;
  }
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
