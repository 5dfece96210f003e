// SPDX-License-Identifier: Apache-2.0
#include "kernels/correlate/counting.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/check.h"
#include "base/clones.h"

namespace trimtab::kernels {
namespace {

constexpr float kNone = std::numeric_limits<float>::quiet_NaN();
constexpr std::size_t kPoints = 4;         // counted in one walk
constexpr std::size_t kProbes = 8;         // of a bracket
constexpr std::size_t kInsideEnough = 24;  // values left in a bracket
constexpr int kRoundsMax = 5;

TRIMTAB_CLONES std::size_t make_keys(const double* __restrict values, std::size_t count, double base,
                                     float* __restrict keys) {
  constexpr float kLargest = 3e38f;
  // v - v is 0, and NaN for what is not finite.
  for (std::size_t i = 0; i < count; ++i)
    keys[i] = static_cast<float>((values[i] - base) + (values[i] - values[i]));
  std::uint32_t finite = 0;
  for (std::size_t i = 0; i < count; ++i) {
    float key = keys[i];
    key = key > kLargest ? kLargest : key;
    keys[i] = key < -kLargest ? -kLargest : key;
    finite += key == key ? 1 : 0;
  }
  return finite;
}

// How many of `keys` are below, and at or below, each of `points` (a multiple of kPoints).
TRIMTAB_CLONES void count_at(const float* keys, std::size_t count, const float* points,
                             std::size_t point_count, std::uint32_t* below, std::uint32_t* up_to) {
  for (std::size_t j = 0; j < point_count; j += kPoints) {
    const float a = points[j], b = points[j + 1], c = points[j + 2], d = points[j + 3];
    std::uint32_t below_a = 0, below_b = 0, below_c = 0, below_d = 0;
    std::uint32_t up_to_a = 0, up_to_b = 0, up_to_c = 0, up_to_d = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const float key = keys[i];
      below_a += key < a ? 1 : 0, below_b += key < b ? 1 : 0;
      below_c += key < c ? 1 : 0, below_d += key < d ? 1 : 0;
      up_to_a += key <= a ? 1 : 0, up_to_b += key <= b ? 1 : 0;
      up_to_c += key <= c ? 1 : 0, up_to_d += key <= d ? 1 : 0;
    }
    below[j] = below_a, below[j + 1] = below_b, below[j + 2] = below_c, below[j + 3] = below_d;
    up_to[j] = up_to_a, up_to[j + 1] = up_to_b, up_to[j + 2] = up_to_c, up_to[j + 3] = up_to_d;
  }
}

// How many of `keys` are below each of `points` (a multiple of kProbes).
TRIMTAB_CLONES void count_below(const float* keys, std::size_t count, const float* points,
                                std::size_t point_count, std::uint32_t* below) {
  for (std::size_t j = 0; j < point_count; j += kProbes) {
    const float* const p = points + j;
    const float a = p[0], b = p[1], c = p[2], d = p[3], e = p[4], f = p[5], g = p[6], h = p[7];
    std::uint32_t in_a = 0, in_b = 0, in_c = 0, in_d = 0, in_e = 0, in_f = 0, in_g = 0, in_h = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const float key = keys[i];
      in_a += key < a ? 1 : 0, in_b += key < b ? 1 : 0, in_c += key < c ? 1 : 0, in_d += key < d ? 1 : 0;
      in_e += key < e ? 1 : 0, in_f += key < f ? 1 : 0, in_g += key < g ? 1 : 0, in_h += key < h ? 1 : 0;
    }
    std::uint32_t* const to = below + j;
    to[0] = in_a, to[1] = in_b, to[2] = in_c, to[3] = in_d;
    to[4] = in_e, to[5] = in_f, to[6] = in_g, to[7] = in_h;
  }
}

// Copies the values whose keys are in [low, high): bytes of 0 and 1 first, then a walk over those that are 1.
TRIMTAB_CLONES void mark(const float* __restrict keys, std::size_t padded, float low, float high,
                         std::uint8_t* __restrict inside) {
  for (std::size_t i = 0; i < padded; ++i) {
    const std::uint32_t at_least = keys[i] >= low ? 1 : 0;
    const std::uint32_t below = keys[i] < high ? 1 : 0;
    inside[i] = static_cast<std::uint8_t>(at_least & below);
  }
}

std::size_t collect(const std::vector<std::uint8_t>& marks, std::size_t padded, const double* values,
                    double* out) {
  static_assert(std::endian::native == std::endian::little, "the first of eight bytes is the lowest");
  std::size_t count = 0;
  for (std::size_t at = 0; at < padded; at += 8) {
    std::uint64_t eight;
    std::memcpy(&eight, marks.data() + at, sizeof eight);
    for (; eight != 0; eight &= eight - 1)
      out[count++] = values[at + static_cast<std::size_t>(std::countr_zero(eight)) / 8];
  }
  return count;
}

struct Best {
  std::int64_t difference = 0, share_sum = 0;  // over m * n: whole numbers, no rounding
  std::size_t column = 0;
  bool above = true;
};

// Where the distributions differ most, among the values of `small` and just below each; of equal ones the
// first column.
Best find_best(const Keys& small, std::int64_t n, const std::vector<std::uint32_t>& own_below,
               const std::vector<std::uint32_t>& own_up_to, const std::vector<std::uint32_t>& below,
               const std::vector<std::uint32_t>& up_to) {
  const auto m = static_cast<std::int64_t>(small.count);
  Best best;
  while (!(small.keys[best.column] == small.keys[best.column])) ++best.column;
  for (std::size_t j = best.column; j < small.columns; ++j) {
    if (!(small.keys[j] == small.keys[j])) continue;
    const auto look = [&](std::uint32_t small_passed, std::uint32_t large_passed, bool is_above) {
      const std::int64_t a = static_cast<std::int64_t>(small_passed) * n;
      const std::int64_t b = static_cast<std::int64_t>(large_passed) * m;
      if (std::abs(a - b) <= std::abs(best.difference)) return;
      best = {a - b, 2 * m * n - a - b, j, is_above};
    };
    look(own_below[j], below[j], false);
    look(own_up_to[j], up_to[j], true);
  }
  return best;
}

}  // namespace

void Keys::assign(std::span<const double> values, double base) {
  columns = values.size();
  const std::size_t padded = (columns + kKeyBlock - 1) / kKeyBlock * kKeyBlock;
  if (keys.size() != padded) keys.resize(padded);
  count = make_keys(values.data(), columns, base, keys.data());
  std::fill(keys.begin() + static_cast<std::ptrdiff_t>(columns), keys.end(), kNone);
}

Separation separate_by_counting(const Keys& small, std::span<const double> small_values, const Keys& large,
                                CountingScratch& scratch) {
  CHECK(small.count > 0 && large.count > 0 && small_values.size() == small.columns);
  const std::size_t points = small.keys.size();  // padded to kKeyBlock, so to kPoints; NaN counts nothing
  for (auto* counts : {&scratch.below, &scratch.up_to, &scratch.own_below, &scratch.own_up_to})
    if (counts->size() < points) counts->resize(points);
  const float* const at = small.keys.data();
  count_at(at, points, at, points, scratch.own_below.data(), scratch.own_up_to.data());
  bool ties = false;
  for (std::size_t j = 0; j < small.columns; ++j) ties |= scratch.own_up_to[j] > scratch.own_below[j] + 1;
  const auto m = static_cast<std::int64_t>(small.count);
  const auto n = static_cast<std::int64_t>(large.count);
  Best best;
  if (!ties) {
    // More of `large` below: largest just below a value of `small`. More of `small`: largest at one, where
    // `large` counts up to it. That no value of `large` equals it is assumed, which can only make the
    // difference larger, and looked up where it matters.
    count_below(large.keys.data(), large.keys.size(), at, points, scratch.below.data());
    best = find_best(small, n, scratch.own_below, scratch.own_up_to, scratch.below, scratch.below);
    if (best.above) {
      std::array<float, kPoints> one;
      one.fill(at[best.column]);
      std::array<std::uint32_t, kPoints> below, up_to;
      count_at(large.keys.data(), large.keys.size(), one.data(), kPoints, below.data(), up_to.data());
      ties = up_to[0] != below[0];
    }
  }
  if (ties) {
    count_at(large.keys.data(), large.keys.size(), at, points, scratch.below.data(), scratch.up_to.data());
    best = find_best(small, n, scratch.own_below, scratch.own_up_to, scratch.below, scratch.up_to);
  }
  Separation out;
  const double whole = static_cast<double>(m) * static_cast<double>(n);
  out.statistic = static_cast<double>(std::abs(best.difference)) / whole;
  out.higher = best.difference < 0;
  out.above = best.above;
  out.at = small_values[best.column];
  if (best.difference != 0) out.middle = static_cast<double>(best.share_sum) / (2 * whole);
  // Several doubles may share the key: all of them on the told side.
  for (std::size_t j = 0; j < small.columns; ++j) {
    if (at[j] != at[best.column]) continue;
    out.at = best.above ? std::max(out.at, small_values[j]) : std::min(out.at, small_values[j]);
  }
  return out;
}

double median_by_counting(const Keys& keys, std::span<const double> values, CountingScratch& scratch) {
  CHECK(keys.count > 0 && values.size() == keys.columns);
  const std::size_t low_rank = (keys.count - 1) / 2, high_rank = keys.count / 2;
  const float* const all = keys.keys.data();
  // Both ranks are in [low, high): so many values are below each.
  float low = -std::numeric_limits<float>::infinity(), high = -low;
  std::size_t below_low = 0, below_high = keys.count;
  std::array<float, kProbes> probes;
  std::array<std::uint32_t, kProbes> below{};
  // First some of the values themselves, so that outliers do no harm.
  const std::size_t stride = std::max<std::size_t>(1, keys.columns / kProbes);
  for (std::size_t i = 0; i < kProbes; ++i)
    probes[i] = all[std::min(i * stride + stride / 2, keys.columns - 1)];
  for (int round = 0; round < kRoundsMax && below_high - below_low > kInsideEnough; ++round) {
    if (round > 0) {
      if (std::isinf(low) || std::isinf(high)) break;
      for (std::size_t i = 0; i < kProbes; ++i) {
        const float share = static_cast<float>(i + 1) / static_cast<float>(kProbes + 1);
        probes[i] = low * (1 - share) + high * share;
      }
    }
    count_below(all, keys.keys.size(), probes.data(), kProbes, below.data());
    for (std::size_t i = 0; i < kProbes; ++i) {
      if (!(probes[i] - probes[i] == 0)) continue;
      if (below[i] <= low_rank && probes[i] > low) low = probes[i], below_low = below[i];
      if (below[i] > high_rank && probes[i] < high) high = probes[i], below_high = below[i];
    }
  }
  if (scratch.inside.size() < keys.columns) scratch.inside.resize(keys.columns);
  double* const inside = scratch.inside.data();
  if (scratch.marks.size() < keys.keys.size()) scratch.marks.resize(keys.keys.size());
  mark(all, keys.keys.size(), low, high, scratch.marks.data());
  const std::size_t count = collect(scratch.marks, keys.keys.size(), values.data(), inside);
  CHECK(count == below_high - below_low, "{} values in a bracket of {}", count, below_high - below_low);
  double* const nth = inside + (low_rank - below_low);
  std::nth_element(inside, nth, inside + count);
  if (low_rank == high_rank) return *nth;
  const double above = *std::min_element(nth + 1, inside + count);
  return *nth + 0.5 * (above - *nth);
}

}  // namespace trimtab::kernels
