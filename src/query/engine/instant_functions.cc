// SPDX-License-Identifier: Apache-2.0
#include "query/engine/instant_functions.h"

#include <cmath>
#include <numbers>

#include "query/engine/grid.h"

namespace trimtab::promql {
namespace {

using RowFunction = std::function<void(std::span<double>)>;

template <typename Function>
RowFunction each(Function function) {
  return [function](std::span<double> row) {
    for (double& v : row) v = present(v) ? function(v) : v;
  };
}

// max and min that give NaN when either is NaN.
double larger(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return kNaN;
  return a > b || (a == b && !std::signbit(a)) ? a : b;
}
double smaller(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return kNaN;
  return a < b || (a == b && std::signbit(a)) ? a : b;
}

double sign(double v) { return v < 0 ? -1 : v > 0 ? 1 : v; }  // keeps NaN and both zeros

RowFunction clamp(std::vector<double> low, std::vector<double> high) {
  return [low = std::move(low), high = std::move(high)](std::span<double> row) {
    for (std::size_t c = 0; c < row.size(); ++c) {
      if (!present(row[c])) continue;
      // An empty range has no value to give.
      row[c] = high[c] < low[c] ? kNoValue : larger(low[c], smaller(high[c], row[c]));
    }
  };
}

// Halves go up, like Prometheus' floor(v / nearest + 0.5) * nearest, with the inverse so that 0.1 rounds
// well.
RowFunction round_to(std::vector<double> nearest) {
  return [nearest = std::move(nearest)](std::span<double> row) {
    for (std::size_t c = 0; c < row.size(); ++c) {
      const double inverse = 1 / nearest[c];
      if (present(row[c])) row[c] = std::floor(row[c] * inverse + 0.5) / inverse;
    }
  };
}

}  // namespace

RowFunction instant_function(FunctionId id, std::vector<std::vector<double>> scalars) {
  using F = FunctionId;
  constexpr double kDegrees = 180 / std::numbers::pi;
  switch (id) {
    case F::kAbs: return each([](double v) { return std::fabs(v); });
    case F::kCeil: return each([](double v) { return std::ceil(v); });
    case F::kFloor: return each([](double v) { return std::floor(v); });
    case F::kExp: return each([](double v) { return std::exp(v); });
    case F::kLn: return each([](double v) { return std::log(v); });
    case F::kLog2: return each([](double v) { return std::log2(v); });
    case F::kLog10: return each([](double v) { return std::log10(v); });
    case F::kSqrt: return each([](double v) { return std::sqrt(v); });
    case F::kSgn: return each(sign);
    case F::kSin: return each([](double v) { return std::sin(v); });
    case F::kCos: return each([](double v) { return std::cos(v); });
    case F::kTan: return each([](double v) { return std::tan(v); });
    case F::kAsin: return each([](double v) { return std::asin(v); });
    case F::kAcos: return each([](double v) { return std::acos(v); });
    case F::kAtan: return each([](double v) { return std::atan(v); });
    case F::kSinh: return each([](double v) { return std::sinh(v); });
    case F::kCosh: return each([](double v) { return std::cosh(v); });
    case F::kTanh: return each([](double v) { return std::tanh(v); });
    case F::kAsinh: return each([](double v) { return std::asinh(v); });
    case F::kAcosh: return each([](double v) { return std::acosh(v); });
    case F::kAtanh: return each([](double v) { return std::atanh(v); });
    case F::kDeg: return each([](double v) { return v * kDegrees; });
    case F::kRad: return each([](double v) { return v / kDegrees; });
    case F::kMinute:
    case F::kHour:
    case F::kDayOfMonth:
    case F::kDayOfWeek:
    case F::kDayOfYear:
    case F::kDaysInMonth:
    case F::kMonth:
    case F::kYear: return each([id](double v) { return date_part(id, v); });
    case F::kRound: return round_to(std::move(scalars[0]));
    case F::kClamp: return clamp(std::move(scalars[0]), std::move(scalars[1]));
    case F::kClampMax: {
      std::vector<double> low(scalars[0].size(), -kInf);
      return clamp(std::move(low), std::move(scalars[0]));
    }
    case F::kClampMin: {
      std::vector<double> high(scalars[0].size(), kInf);
      return clamp(std::move(scalars[0]), std::move(high));
    }
    default: return nullptr;
  }
}

}  // namespace trimtab::promql
