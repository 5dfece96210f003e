// SPDX-License-Identifier: Apache-2.0
#include "kernels/distributions.h"

#include <cmath>

#include "base/check.h"

namespace trimtab::kernels {
namespace {

// Continued fraction of the incomplete beta function I_x(a, b) (NIST DLMF 8.17.22), converges fast for
// x < (a + 1) / (a + b + 2).
double beta_continued_fraction(double a, double b, double x) {
  constexpr int kIterationsMax = 300;
  constexpr double kTiny = 1e-300;
  constexpr double kEpsilon = 1e-14;
  const auto keep_off_zero = [](double value) { return std::abs(value) < kTiny ? kTiny : value; };
  double c = 1;
  double d = 1 / keep_off_zero(1 - (a + b) * x / (a + 1));
  double fraction = d;
  for (int i = 1; i <= kIterationsMax; ++i) {
    const double m = i;
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / keep_off_zero(1 + even * d);
    c = keep_off_zero(1 + even / c);
    fraction *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / keep_off_zero(1 + odd * d);
    c = keep_off_zero(1 + odd / c);
    fraction *= d * c;
    if (std::abs(d * c - 1) < kEpsilon) break;
  }
  return fraction;
}

// std::lgamma writes the global signgam, which threads would race on.
double log_gamma(double x) {
  int sign = 0;
  return lgamma_r(x, &sign);
}

}  // namespace

double regularised_beta(double a, double b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double front =
      std::exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * std::log(x) + b * std::log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return front * beta_continued_fraction(a, b, x) / a;
  return 1 - front * beta_continued_fraction(b, a, 1 - x) / b;
}

double normal_tail(double z) { return 0.5 * std::erfc(z / std::sqrt(2.0)); }

double normal_tail_inverse(double p) {
  CHECK(p > 0 && p < 1, "p {}", p);
  constexpr double a[] = {-3.969683028665376e+01, 2.209460984245205e+02,  -2.759285104469687e+02,
                          1.383577518672690e+02,  -3.066479806614716e+01, 2.506628277459239e+00};
  constexpr double b[] = {-5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02,
                          6.680131188771972e+01, -1.328068155288572e+01};
  constexpr double c[] = {-7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00,
                          -2.549732539343734e+00, 4.374664141464968e+00,  2.938163982698783e+00};
  constexpr double d[] = {7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00,
                          3.754408661907416e+00};
  constexpr double kLow = 0.02425;
  if (p < kLow || p > 1 - kLow) {
    const bool upper = p < kLow;
    const double q = std::sqrt(-2 * std::log(upper ? p : 1 - p));
    const double z = (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) /
                     ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1);
    return upper ? -z : z;
  }
  const double q = 0.5 - p;
  const double r = q * q;
  return (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q /
         (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1);
}

double student_t_tail(double t, double degrees) {
  CHECK(degrees > 0, "degrees {}", degrees);
  const double half = 0.5 * regularised_beta(degrees / 2, 0.5, degrees / (degrees + t * t));
  return t >= 0 ? half : 1 - half;
}

}  // namespace trimtab::kernels
