// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/correlate/separation.h"

// Ranks by counting instead of sorting: a comparison of 600 values with a point is 75 vector instructions, no
// branch and no order needed. Keys are single precision and relative to a value of the row, so values closer
// than about 1e-7 of their distance from it count as equal; every value told is the double itself. Scalar and
// vector builds give the same.
namespace trimtab::kernels {

inline constexpr std::size_t kKeyBlock = 16;  // buffers of keys end in NaN up to a whole number of these

struct Keys {
  std::vector<float> keys;  // NaN: no value
  std::size_t columns = 0;  // without the padding
  std::size_t count = 0;    // values there are

  // The finite ones less `base`.
  void assign(std::span<const double> values, double base);
};

struct CountingScratch {
  std::vector<std::uint32_t> below, up_to, own_below, own_up_to;
  std::vector<float> points;
  std::vector<double> inside;
  std::vector<std::uint8_t> marks;
};

// As separate() of separation.h with `small` as the smaller sample, `small_values` its doubles by column.
// Neither is empty. Cost: about small.count * large.count / 8 nanoseconds.
Separation separate_by_counting(const Keys& small, std::span<const double> small_values, const Keys& large,
                                CountingScratch& scratch);

// The median (mean of the middle two) of the values whose keys these are: brackets of eight points are
// counted until few values are left. Requires: count > 0. Cost: about 1 ns a value.
double median_by_counting(const Keys& keys, std::span<const double> values, CountingScratch& scratch);

}  // namespace trimtab::kernels
