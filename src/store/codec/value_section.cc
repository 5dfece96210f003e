// SPDX-License-Identifier: Apache-2.0
#include "store/codec/value_section.h"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>

#include "base/check.h"
#include "store/codec/decimal.h"
#include "store/codec/exception_runs.h"
#include "store/codec/packed_ints.h"

namespace trimtab::codec {
namespace {

using Numbers = std::array<std::int64_t, kStreamMax>;
using Corrections = std::array<std::uint64_t, kStreamMax>;
using Fit = std::array<bool, kStreamMax>;

// A factor is taken out only when it saves this much over its own bytes.
constexpr std::uint64_t kFactorGainBits = 128;
// More runs of special values than one in this many values are better kept as plain bits.
constexpr std::size_t kSpecialRunShare = 12;

std::uint64_t bits(std::int64_t value) { return static_cast<std::uint64_t>(value); }
std::uint64_t word_of(double value) { return std::bit_cast<std::uint64_t>(value); }

bool all_same(std::span<const double> values) {
  std::uint64_t changed = 0;
  for (const double value : values) changed |= word_of(value) ^ word_of(values[0]);
  return changed == 0;
}

void put_constant(double value, std::string& out) {
  std::array<std::int64_t, 1> number;
  std::array<bool, 1> fit;
  const DecimalFit decimals = fit_decimals({&value, 1}, number, fit);
  if (decimals.fits && fit[0]) {
    out.push_back(static_cast<char>(to_byte({.constant = true, .wide = decimals.wide})));
    out.push_back(static_cast<char>(decimals.exponent));
    put_varint(out, zigzag(number[0]));
  } else {
    out.push_back(static_cast<char>(to_byte({.constant = true, .raw_bits = true})));
    put_fixed(out, word_of(value));
  }
}

// The positions that do not fit take their neighbour's number, so that they cost nothing in the stream.
void bridge(std::span<std::int64_t> numbers, std::span<const bool> fit) {
  const auto first = static_cast<std::size_t>(std::find(fit.begin(), fit.end(), true) - fit.begin());
  std::int64_t last = first < numbers.size() ? numbers[first] : 0;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (fit[i]) {
      last = numbers[i];
    } else {
      numbers[i] = last;
    }
  }
}

// The greatest common divisor of all distances from the first number, 1 as soon as that is certain.
std::uint64_t common_factor(std::span<const std::int64_t> numbers) {
  std::uint64_t factor = 0;
  for (const std::int64_t number : numbers) {
    const auto distance = static_cast<std::int64_t>(bits(number) - bits(numbers[0]));
    const std::uint64_t size = distance < 0 ? 0 - bits(distance) : bits(distance);
    if (size == 0 || (factor != 0 && size % factor == 0)) continue;
    factor = std::gcd(factor, size);
    if (factor == 1) return 1;
  }
  return factor;
}

bool worth_factoring(std::uint64_t factor, std::size_t count) {
  if (factor < 2 || factor > static_cast<std::uint64_t>(kNarrowMax)) return false;
  return (static_cast<std::uint64_t>(std::bit_width(factor)) - 1) * count >= kFactorGainBits;
}

void put_numbers(std::span<std::int64_t> numbers, ValueFormat format, std::size_t format_at,
                 std::string& out) {
  const std::uint64_t factor = common_factor(numbers);
  if (worth_factoring(factor, numbers.size())) {
    format.factored = true;
    const std::uint64_t offset = bits(numbers[0]);
    for (std::int64_t& number : numbers) {
      number = static_cast<std::int64_t>(bits(number) - offset) / static_cast<std::int64_t>(factor);
    }
    put_varint(out, factor);
    put_varint(out, zigzag(static_cast<std::int64_t>(offset)));
  }
  format.model = put_integers(numbers, out);
  out[format_at] = static_cast<char>(to_byte(format));
}

void put_decimals(std::span<const double> values, std::span<std::int64_t> numbers, std::span<const bool> fit,
                  const DecimalFit& decimals, std::span<const std::uint64_t> corrections, std::string& out) {
  const std::size_t format_at = out.size();
  out.push_back('\0');
  out.push_back(static_cast<char>(decimals.exponent));
  const bool exceptions = decimals.unfit > 0;
  if (exceptions) bridge(numbers, fit);
  const bool corrected = !corrections.empty();
  put_numbers(numbers, {.exceptions = exceptions, .wide = decimals.wide, .corrected = corrected}, format_at,
              out);
  if (corrected) put_stream(corrections, out);
  if (exceptions) put_exception_runs(values, fit, out);
}

void put_raw(std::span<const double> values, std::span<std::int64_t> numbers, std::span<bool> fit,
             std::string& out) {
  const std::size_t runs = mark_specials(values, fit);
  const bool exceptions = runs > 0 && runs * kSpecialRunShare <= values.size();
  doubles_to_ordered(values, numbers.data());
  if (exceptions) bridge(numbers, fit);
  const std::size_t format_at = out.size();
  out.push_back('\0');
  put_numbers(numbers, {.raw_bits = true, .exceptions = exceptions}, format_at, out);
  if (exceptions) put_exception_runs(values, fit, out);
}

bool get_constant(ByteReader& in, const ValueFormat& format, std::size_t count, double* out) {
  double value = 0;
  if (format.raw_bits) {
    value = std::bit_cast<double>(in.fixed<std::uint64_t>());
  } else {
    const std::uint8_t exponent = in.byte();
    const std::int64_t number = unzigzag(in.varint());
    if (exponent > kDecimalExponentMax) return false;
    decimals_to_doubles(&number, 1, exponent, format.wide, &value);
  }
  std::fill_n(out, count, value);
  return in.ok();
}

bool get_corrections(ByteReader& in, std::size_t count, double* out) {
  Corrections corrections;
  if (!get_stream(in, count, corrections.data())) return false;
  correct_doubles(corrections.data(), count, out);
  return true;
}

}  // namespace

std::uint8_t to_byte(const ValueFormat& format) {
  return static_cast<std::uint8_t>(static_cast<unsigned>(format.model) | unsigned{format.constant} << 2 |
                                   unsigned{format.raw_bits} << 3 | unsigned{format.factored} << 4 |
                                   unsigned{format.exceptions} << 5 | unsigned{format.wide} << 6 |
                                   unsigned{format.corrected} << 7);
}

ValueFormat from_byte(std::uint8_t byte) {
  return {.model = static_cast<IntegerModel>(byte & 3),
          .constant = (byte & 4) != 0,
          .raw_bits = (byte & 8) != 0,
          .factored = (byte & 16) != 0,
          .exceptions = (byte & 32) != 0,
          .wide = (byte & 64) != 0,
          .corrected = (byte & 128) != 0};
}

void put_values(std::span<const double> values, std::string& out) {
  CHECK(!values.empty() && values.size() <= kStreamMax);
  if (all_same(values)) return put_constant(values[0], out);
  Numbers numbers;
  Fit fit;
  const std::span<std::int64_t> whole(numbers.data(), values.size());
  const std::span<bool> fits(fit.data(), values.size());
  const DecimalFit decimals = fit_decimals(values, whole, fits);
  if (decimals.fits && decimals.ordinary_unfit == 0)
    return put_decimals(values, whole, fits, decimals, {}, out);
  Corrections corrections;
  Numbers near_numbers;
  Fit near_fit;
  const std::span<std::int64_t> near_whole(near_numbers.data(), values.size());
  const std::span<bool> near_fits(near_fit.data(), values.size());
  const std::span<std::uint64_t> ulps(corrections.data(), values.size());
  const DecimalFit near = fit_near_decimals(values, near_whole, ulps, near_fits);
  const bool better = near.fits && (!decimals.fits || near.ordinary_unfit < decimals.ordinary_unfit);
  if (better) return put_decimals(values, near_whole, near_fits, near, ulps, out);
  if (decimals.fits) return put_decimals(values, whole, fits, decimals, {}, out);
  put_raw(values, whole, fits, out);
}

bool get_values(ByteReader& in, std::size_t count, double* out) {
  const ValueFormat format = from_byte(in.byte());
  if (!in.ok() || count == 0 || count > kStreamMax) return false;
  if (format.constant) return get_constant(in, format, count, out);
  const std::uint8_t exponent = format.raw_bits ? std::uint8_t{0} : in.byte();
  if (exponent > kDecimalExponentMax || (format.wide && exponent != 0)) return false;
  const std::uint64_t factor = format.factored ? in.varint() : 1;
  const std::uint64_t offset = format.factored ? bits(unzigzag(in.varint())) : 0;
  Numbers numbers;
  if (!in.ok() || !get_integers(in, format.model, count, numbers.data())) return false;
  if (format.factored) {
    for (std::size_t i = 0; i < count; ++i) {
      numbers[i] = static_cast<std::int64_t>(bits(numbers[i]) * factor + offset);
    }
  }
  if (format.raw_bits) {
    ordered_to_doubles(numbers.data(), count, out);
  } else {
    decimals_to_doubles(numbers.data(), count, exponent, format.wide, out);
  }
  if (format.corrected && !get_corrections(in, count, out)) return false;
  return !format.exceptions || get_exception_runs(in, count, out);
}

}  // namespace trimtab::codec
