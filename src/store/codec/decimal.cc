// SPDX-License-Identifier: Apache-2.0
#include "store/codec/decimal.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "store/codec/byte_io.h"

namespace trimtab::codec {
namespace {

constexpr std::array<double, kDecimalExponentMax + 1> kPowers{
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};

// 1.5 * 2^52: adding it to |x| <= 2^51 leaves x, rounded to a whole number, in the low mantissa bits.
constexpr double kRounder = 6755399441055744.0;
constexpr auto kRounderBits = std::bit_cast<std::uint64_t>(kRounder);
constexpr double kNarrow = 2251799813685248.0;   // 2^51
constexpr double kWide = 9223372036854775808.0;  // 2^63
constexpr unsigned kNoExponent = kDecimalExponentMax + 1;

// An unfit value costs an exception of up to this many bits.
constexpr std::uint64_t kExceptionBits = 88;
// A decimal digit more costs about this many eighths of a bit for each value: 8 * log2(10).
constexpr std::uint64_t kDigitBitsTimes8 = 27;
// More unfit values than one in kUnfitShare make the run one of raw bits.
constexpr std::size_t kUnfitShare = 16;
constexpr std::size_t kProbes = 8;

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

std::int64_t rounded(double scaled) {
  return static_cast<std::int64_t>(std::bit_cast<std::uint64_t>(scaled + kRounder) - kRounderBits);
}

double narrow_to_double(std::int64_t number) {
  return std::bit_cast<double>(static_cast<std::uint64_t>(number) + kRounderBits) - kRounder;
}

bool is_special(double value) { return !std::isfinite(value) || same_bits(value, -0.0); }

bool fits_at(double value, unsigned exponent) {
  const double scaled = value * kPowers[exponent];
  if (!(std::fabs(scaled) <= kNarrow)) return exponent == 0 && std::fabs(value) < kWide;  // whole anyway
  return same_bits(narrow_to_double(rounded(scaled)) / kPowers[exponent], value);
}

unsigned least_exponent(double value, unsigned from) {
  for (unsigned exponent = from; exponent <= kDecimalExponentMax; ++exponent) {
    if (fits_at(value, exponent)) return exponent;
    if (exponent > 0 && !(std::fabs(value * kPowers[exponent]) <= kNarrow)) break;
  }
  return kNoExponent;
}

// Fills numbers and fit for one exponent; returns how many fit. Straight loops for the vectoriser.
std::size_t convert_narrow(std::span<const double> values, unsigned exponent, std::int64_t* numbers,
                           bool* fit) {
  const double power = kPowers[exponent];
  std::size_t fitting = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double scaled = values[i] * power;
    const std::int64_t number = rounded(scaled);
    const bool good = same_bits(narrow_to_double(number) / power, values[i]) & (std::fabs(scaled) <= kNarrow);
    numbers[i] = number;
    fit[i] = good;
    fitting += good;
  }
  return fitting;
}

std::size_t convert_wide(std::span<const double> values, std::int64_t* numbers, bool* fit) {
  std::size_t fitting = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool inside = std::fabs(values[i]) < kWide;
    const auto number = inside ? static_cast<std::int64_t>(values[i]) : 0;
    numbers[i] = number;
    fit[i] = inside && same_bits(static_cast<double>(number), values[i]);
    fitting += fit[i];
  }
  return fitting;
}

// Looks at a few values spread over the run: the exponent they need, or kNoExponent when most have none.
template <typename LeastExponent>
unsigned probe_exponent(std::span<const double> values, LeastExponent least) {
  unsigned exponent = 0;
  std::size_t seen = 0;
  std::size_t failed = 0;
  const std::size_t stride = std::max<std::size_t>(values.size() / kProbes, 1);
  for (std::size_t i = stride / 2; i < values.size(); i += stride) {
    if (is_special(values[i])) continue;
    ++seen;
    const unsigned needed = least(values[i]);
    if (needed == kNoExponent) {
      ++failed;
    } else {
      exponent = std::max(exponent, needed);
    }
  }
  return failed * 4 > seen ? kNoExponent : exponent;
}

struct Near {
  bool fits = false;
  std::int64_t number = 0;
  std::int64_t ulps = 0;
};

Near near_decimal(double value, unsigned exponent) {
  const double scaled = value * kPowers[exponent];
  if (!(std::fabs(scaled) <= static_cast<double>(kNearMax)) || is_special(value)) return {};
  const std::int64_t number = rounded(scaled);
  const double back = narrow_to_double(number) / kPowers[exponent];
  const auto ulps =
      static_cast<std::int64_t>(std::bit_cast<std::uint64_t>(value) - std::bit_cast<std::uint64_t>(back));
  return {ulps >= -kNearUlps && ulps <= kNearUlps, number, ulps};
}

unsigned least_near_exponent(double value) {
  for (unsigned exponent = 0; exponent <= kDecimalExponentMax; ++exponent) {
    if (near_decimal(value, exponent).fits) return exponent;
    if (!(std::fabs(value * kPowers[exponent]) <= static_cast<double>(kNearMax))) break;
  }
  return kNoExponent;
}

struct Misfits {
  std::size_t ordinary = 0;  // not NaN, infinite or -0.0
  std::size_t curable = 0;   // of these, those that a greater exponent makes whole
  unsigned exponent = 0;     // what the curable ones need
  bool wide = false;         // whole, but too large for the narrow conversion
};

Misfits study_misfits(std::span<const double> values, std::span<const bool> fit, unsigned exponent) {
  Misfits found;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (fit[i] || is_special(values[i])) continue;
    ++found.ordinary;
    const unsigned needed = least_exponent(values[i], exponent);
    if (needed == exponent) {
      found.wide = true;
    } else if (needed != kNoExponent) {
      ++found.curable;
      found.exponent = std::max(found.exponent, needed);
    }
    if (found.ordinary > 64) break;  // enough to judge by
  }
  return found;
}

}  // namespace

DecimalFit fit_decimals(std::span<const double> values, std::span<std::int64_t> numbers,
                        std::span<bool> fit) {
  DecimalFit result;
  unsigned exponent = probe_exponent(values, [](double value) { return least_exponent(value, 0); });
  if (exponent == kNoExponent) return result;
  const std::size_t count = values.size();
  std::size_t fitting = convert_narrow(values, exponent, numbers.data(), fit.data());
  for (int round = 0; fitting < count && round < 4; ++round) {
    const Misfits misfits = study_misfits(values, fit, exponent);
    if (misfits.wide && !result.wide) {
      result.wide = true;
      fitting = convert_wide(values, numbers.data(), fit.data());
      continue;
    }
    const std::uint64_t digits = misfits.exponent > exponent ? misfits.exponent - exponent : 0;
    const bool cure = !result.wide && digits > 0 &&
                      misfits.curable * kExceptionBits * 8 > digits * kDigitBitsTimes8 * count;
    if (!cure) {
      if (misfits.ordinary * kUnfitShare > count) return DecimalFit{};
      result.ordinary_unfit = misfits.ordinary;
      break;
    }
    exponent = misfits.exponent;
    fitting = convert_narrow(values, exponent, numbers.data(), fit.data());
  }
  result.fits = true;
  result.exponent = exponent;
  result.unfit = count - fitting;
  return result;
}

DecimalFit fit_near_decimals(std::span<const double> values, std::span<std::int64_t> numbers,
                             std::span<std::uint64_t> corrections, std::span<bool> fit) {
  DecimalFit result;
  result.exponent = probe_exponent(values, least_near_exponent);
  if (result.exponent == kNoExponent) return DecimalFit{};
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Near near = near_decimal(values[i], result.exponent);
    fit[i] = near.fits;
    numbers[i] = near.number;
    corrections[i] = near.fits ? zigzag(near.ulps) : 0;
    result.unfit += !near.fits;
    result.ordinary_unfit += !near.fits && !is_special(values[i]);
  }
  result.fits = result.ordinary_unfit * kUnfitShare <= values.size();
  return result;
}

void correct_doubles(const std::uint64_t* corrections, std::size_t count, double* values) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto ulps = static_cast<std::uint64_t>(unzigzag(corrections[i]));
    values[i] = std::bit_cast<double>(std::bit_cast<std::uint64_t>(values[i]) + ulps);
  }
}

void decimals_to_doubles(const std::int64_t* numbers, std::size_t count, unsigned exponent, bool wide,
                         double* values) {
  if (wide) {
    for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<double>(numbers[i]);
    return;
  }
  if (exponent == 0) {
    for (std::size_t i = 0; i < count; ++i) values[i] = narrow_to_double(numbers[i]);
    return;
  }
  const double power = kPowers[std::min(exponent, kDecimalExponentMax)];
  for (std::size_t i = 0; i < count; ++i) values[i] = narrow_to_double(numbers[i]) / power;
}

void doubles_to_ordered(std::span<const double> values, std::int64_t* numbers) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto word = std::bit_cast<std::uint64_t>(values[i]);
    const std::uint64_t magnitude = word & ~(std::uint64_t{1} << 63);
    numbers[i] = static_cast<std::int64_t>(magnitude ^ (0 - (word >> 63)));
  }
}

void ordered_to_doubles(const std::int64_t* numbers, std::size_t count, double* values) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto word = static_cast<std::uint64_t>(numbers[i]);
    const std::uint64_t negative = word >> 63;
    values[i] = std::bit_cast<double>((word ^ (0 - negative)) | (negative << 63));
  }
}

}  // namespace trimtab::codec
