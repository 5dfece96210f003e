// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace trimtab::codec {

// Doubles that were written as decimals are n / 10^e with whole n: dividing two numbers that a double
// holds exactly rounds once, just as reading the decimal does, so the quotient is the very same double.
inline constexpr unsigned kDecimalExponentMax = 18;

// |n| stays within this unless the exponent is 0: such numbers convert by one addition.
inline constexpr std::int64_t kNarrowMax = std::int64_t{1} << 51;

struct DecimalFit {
  bool fits = false;      // otherwise too many values are not decimals and nothing else is set
  unsigned exponent = 0;  // e
  bool wide = false;      // some |n| > kNarrowMax; only with exponent 0
  std::size_t unfit = 0;  // values that n / 10^e does not give bit for bit (NaN, infinity, -0.0 and others)
  std::size_t ordinary_unfit = 0;  // of these, those that are not NaN, infinite or -0.0
};

// Finds the least exponent that makes (nearly) all values whole and the whole numbers themselves.
// numbers[i] of an unfit value is arbitrary and fit[i] is false. Equal sizes.
DecimalFit fit_decimals(std::span<const double> values, std::span<std::int64_t> numbers, std::span<bool> fit);

// Decimals that went through a multiplication or two divisions on their way (ticks * 0.001, us / 1000 /
// 1000) are often a unit in the last place off. Finds the least exponent that brings (nearly) all values
// within kNearUlps of n / 10^e, |n| <= kNearMax; corrections[i] is zigzag(bits of value - bits of n / 10^e).
// Equal sizes; corrections of unfit values are 0.
inline constexpr std::int64_t kNearUlps = 2;
inline constexpr std::int64_t kNearMax = std::int64_t{1} << 44;
DecimalFit fit_near_decimals(std::span<const double> values, std::span<std::int64_t> numbers,
                             std::span<std::uint64_t> corrections, std::span<bool> fit);
// The way back: moves each value by its correction.
void correct_doubles(const std::uint64_t* corrections, std::size_t count, double* values);

// values[i] = numbers[i] / 10^exponent. `wide` as the fit said.
void decimals_to_doubles(const std::int64_t* numbers, std::size_t count, unsigned exponent, bool wide,
                         double* values);

// The bits of a double as a number that grows with it (negative values run below zero), and back.
// Neighbouring doubles are neighbouring numbers. Every bit pattern comes back, NaN payloads and -0.0 too.
void doubles_to_ordered(std::span<const double> values, std::int64_t* numbers);
void ordered_to_doubles(const std::int64_t* numbers, std::size_t count, double* values);

}  // namespace trimtab::codec
