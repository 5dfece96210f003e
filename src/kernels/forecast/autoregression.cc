// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/forecast/members.h"

namespace trimtab::kernels {
namespace {

constexpr std::size_t kLagsMax = 28;
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// Lags that the earliest origin can carry: three equations for each of them and twenty more.
void choose_lags(std::span<const std::size_t> periods, std::size_t length, std::vector<std::size_t>& lags) {
  lags = {1, 2, 3, 4};
  for (const std::size_t period : periods) {
    if (period < 2) continue;
    for (const std::size_t lag : {period / 4, period / 2, period - 1, period, period + 1})
      lags.push_back(lag);
    if (period >= 12) {
      lags.push_back(period - 2);
      lags.push_back(period + 2);
    }
    if (period <= 24) {
      for (std::size_t k = 2; k <= 6; ++k) lags.push_back(k * period);
    }
  }
  std::sort(lags.begin(), lags.end());
  lags.erase(std::unique(lags.begin(), lags.end()), lags.end());
  if (lags.front() == 0) lags.erase(lags.begin());
  if (lags.size() > kLagsMax) lags.resize(kLagsMax);
  while (!lags.empty() && length < lags.back() + 3 * lags.size() + 20) lags.pop_back();
}

double dot(const double* a, const double* b, std::size_t count) {
  double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  std::size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    s0 += a[i] * b[i];
    s1 += a[i + 1] * b[i + 1];
    s2 += a[i + 2] * b[i + 2];
    s3 += a[i + 3] * b[i + 3];
  }
  for (; i < count; ++i) s0 += a[i] * b[i];
  return (s0 + s1) + (s2 + s3);
}

// Solves the symmetric positive system in place by Cholesky's decomposition; false when it is not one.
bool solve(std::vector<double>& matrix, std::vector<double>& right, std::size_t size) {
  for (std::size_t j = 0; j < size; ++j) {
    double* row_j = &matrix[j * size];
    const double pivot = row_j[j] - dot(row_j, row_j, j);
    if (!(pivot > 1e-12)) return false;
    row_j[j] = std::sqrt(pivot);
    for (std::size_t i = j + 1; i < size; ++i) {
      double* row_i = &matrix[i * size];
      row_i[j] = (row_i[j] - dot(row_i, row_j, j)) / row_j[j];
    }
  }
  for (std::size_t i = 0; i < size; ++i)
    right[i] = (right[i] - dot(&matrix[i * size], right.data(), i)) / matrix[i * size + i];
  for (std::size_t i = size; i-- > 0;) {
    double sum = right[i];
    for (std::size_t k = i + 1; k < size; ++k) sum -= matrix[k * size + i] * right[k];
    right[i] = sum / matrix[i * size + i];
  }
  return true;
}

// Moments of the regression over targets [from, to), added to `matrix` (lower triangle, last row and column
// are the intercept's) and `moments`.
void add_moments(const std::vector<double>& z, const std::vector<std::size_t>& lags, std::size_t from,
                 std::size_t to, std::vector<double>& matrix, std::vector<double>& moments) {
  const std::size_t count = to - from;
  const std::size_t size = lags.size() + 1;
  for (std::size_t i = 0; i < lags.size(); ++i) {
    const double* x = z.data() + from - lags[i];
    for (std::size_t j = 0; j <= i; ++j) matrix[i * size + j] += dot(x, z.data() + from - lags[j], count);
    double sum = 0;
    for (std::size_t t = 0; t < count; ++t) sum += x[t];
    matrix[lags.size() * size + i] += sum;
    moments[i] += dot(x, z.data() + from, count);
  }
  for (std::size_t t = from; t < to; ++t) moments[lags.size()] += z[t];
  matrix[size * size - 1] += static_cast<double>(count);
}

struct Range {
  double low, high;
};

// Runs the regression forward from `cut` of the undifferenced values.
void run_forward(std::span<const double> values, std::size_t cut, double centre, std::size_t difference,
                 const Range& allowed, MemberScratch& s, std::span<double> row) {
  const std::size_t longest = s.lags.back();
  const std::size_t end = cut - difference;  // in the differenced series
  std::vector<double>& past = s.history;     // the last `longest` differences, then the forecast ones
  past.assign(s.shifted.begin() + static_cast<std::ptrdiff_t>(end - longest),
              s.shifted.begin() + static_cast<std::ptrdiff_t>(end));
  for (std::size_t h = 0; h < row.size(); ++h) {
    double next = s.coefficients[s.lags.size()];
    for (std::size_t i = 0; i < s.lags.size(); ++i) next += s.coefficients[i] * past[past.size() - s.lags[i]];
    past.push_back(next);
    double value = next + centre;
    if (difference > 0) value += h >= difference ? row[h - difference] : values[cut + h - difference];
    row[h] = value;
  }
  const bool sane =
      std::all_of(row.begin(), row.end(), [&](double v) { return v >= allowed.low && v <= allowed.high; });
  if (!sane) std::fill(row.begin(), row.end(), kNone);
}

}  // namespace

bool forecast_autoregression(std::span<const double> values, const Origins& origins,
                             std::span<const std::size_t> periods, std::size_t difference, MemberScratch& s,
                             std::span<double> rows_weak, std::span<double> rows_strong) {
  if (origins.earliest() < difference + 24) return false;
  choose_lags(periods, origins.earliest() - difference, s.lags);
  if (s.lags.empty()) return false;
  std::vector<double>& z = s.shifted;
  z.resize(values.size() - difference);
  double centre = 0;
  for (std::size_t i = 0; i < z.size(); ++i) {
    z[i] = values[i + difference] - (difference > 0 ? values[i] : 0);
    centre += z[i];
  }
  centre /= static_cast<double>(z.size());
  double variance = 0;
  for (double& value : z) {
    value -= centre;
    variance += value * value;
  }
  variance /= static_cast<double>(z.size());
  const auto [lowest, highest] = std::minmax_element(values.begin(), values.end());
  if (!(variance > 0) || *lowest == *highest) return false;  // the mean of equal values may be rounded
  const double room = 2 * (*highest - *lowest);
  const Range allowed{*lowest - room, *highest + room};

  const std::size_t size = s.lags.size() + 1;
  s.matrix.assign(size * size, 0);
  s.moments.assign(size, 0);
  std::size_t done = s.lags.back();
  for (std::size_t k = origins.cuts.size(); k-- > 0;) {
    const std::size_t end = origins.cuts[k] - difference;
    add_moments(z, s.lags, done, end, s.matrix, s.moments);
    done = end;
    for (const auto& [ridge, rows] :
         {std::pair{kRidgeWeak, rows_weak}, std::pair{kRidgeStrong, rows_strong}}) {
      const auto row = rows.subspan(k * origins.horizon, origins.horizon);
      s.factor = s.matrix;
      s.coefficients = s.moments;
      const double small = 1e-9 * variance * static_cast<double>(end);
      for (std::size_t i = 0; i + 1 < size; ++i) s.factor[i * size + i] += ridge * variance + small;
      s.factor[size * size - 1] += 1e-9;
      if (!solve(s.factor, s.coefficients, size)) {
        std::fill(row.begin(), row.end(), kNone);
        continue;
      }
      run_forward(values, origins.cuts[k], centre, difference, allowed, s, row);
    }
  }
  return true;
}

}  // namespace trimtab::kernels
