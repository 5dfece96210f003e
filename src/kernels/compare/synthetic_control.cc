// SPDX-License-Identifier: Apache-2.0
#include "kernels/compare/synthetic_control.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "kernels/distributions.h"

namespace trimtab::kernels {
namespace {

constexpr std::size_t kFolds = 8;

// Row-wise: the treated one, then every control.
struct Rows {
  std::size_t width = 0;
  std::vector<double> values;
  std::size_t count() const { return values.size() / width; }
  double at(std::size_t row, std::size_t column) const { return values[row * width + column]; }
};

Rows whole_rows(std::span<const double> treated, std::span<const Control> controls,
                std::span<const double> Control::* side) {
  Rows out;
  out.width = controls.size() + 1;
  std::vector<double> row(out.width);
  for (std::size_t i = 0; i < treated.size(); ++i) {
    row[0] = treated[i];
    for (std::size_t c = 0; c < controls.size(); ++c) row[c + 1] = (controls[c].*side)[i];
    if (std::all_of(row.begin(), row.end(), [](double value) { return std::isfinite(value); }))
      out.values.insert(out.values.end(), row.begin(), row.end());
  }
  return out;
}

// Means of products of the controls with each other and with the treated one, all less their means over
// `rows`.
struct Moments {
  std::vector<double> among, with_treated;
};

Moments moments_of(const Rows& rows, std::size_t count, std::size_t skip_from, std::size_t skip_to) {
  const double used = static_cast<double>(count - (skip_to - skip_from));
  const auto skipped = [&](std::size_t i) { return i >= skip_from && i < skip_to; };
  const std::size_t n = rows.width - 1;
  std::vector<double> mean(rows.width), row(rows.width);
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t c = 0; c < rows.width && !skipped(i); ++c) mean[c] += rows.at(i, c) / used;
  Moments out{std::vector<double>(n * n), std::vector<double>(n)};
  for (std::size_t i = 0; i < count; ++i) {
    if (skipped(i)) continue;
    for (std::size_t c = 0; c < rows.width; ++c) row[c] = rows.at(i, c) - mean[c];
    for (std::size_t a = 0; a < n; ++a) {
      out.with_treated[a] += row[a + 1] * row[0];
      for (std::size_t b = 0; b < n; ++b) out.among[a * n + b] += row[a + 1] * row[b + 1];
    }
  }
  return out;
}

std::vector<double> fit(const Moments& moments) {
  const std::size_t n = moments.with_treated.size();
  std::vector<double> weights(n, 1 / static_cast<double>(n)), gradient(n), direction(n);
  for (int step = 0; step < kMixingStepsMax; ++step) {
    double slope_size = 0;
    for (std::size_t a = 0; a < n; ++a) {
      gradient[a] = -moments.with_treated[a];
      for (std::size_t b = 0; b < n; ++b) gradient[a] += moments.among[a * n + b] * weights[b];
      slope_size += std::abs(moments.with_treated[a]);
    }
    // Weight moves from the control that hurts most, of those that have some, to the one that helps most.
    const auto best =
        static_cast<std::size_t>(std::min_element(gradient.begin(), gradient.end()) - gradient.begin());
    std::size_t worst = best;
    for (std::size_t a = 0; a < n; ++a)
      if (weights[a] > 0 && gradient[a] > gradient[worst]) worst = a;
    if (gradient[worst] - gradient[best] <= 1e-12 * slope_size) break;
    const double bend = moments.among[best * n + best] + moments.among[worst * n + worst] -
                        2 * moments.among[best * n + worst];
    const double wanted = bend > 0 ? (gradient[worst] - gradient[best]) / bend : 1;
    const double moved = std::min(weights[worst], wanted);
    weights[best] += moved;
    weights[worst] = moved == weights[worst] ? 0 : weights[worst] - moved;
  }
  return weights;
}

// How far the effect moves with the weights: the jackknife's standard deviation over kFolds stretches of the
// rows that the weights see.
double spread_of_mixture(const Rows& before, const Rows& after, std::size_t seen) {
  const auto mean_of = [](const Rows& rows, std::size_t from, std::size_t column) {
    double sum = 0;
    for (std::size_t i = from; i < rows.count(); ++i) sum += rows.at(i, column);
    return sum / static_cast<double>(rows.count() - from);
  };
  std::vector<double> moved;  // what each control did meanwhile
  for (std::size_t c = 1; c < before.width; ++c)
    moved.push_back(mean_of(after, 0, c) - mean_of(before, seen, c));
  std::vector<double> effects;
  double mean = 0;
  for (std::size_t fold = 0; fold < kFolds; ++fold) {
    const auto weights = fit(moments_of(before, seen, seen * fold / kFolds, seen * (fold + 1) / kFolds));
    double effect = 0;
    for (std::size_t c = 0; c < weights.size(); ++c) effect += weights[c] * moved[c];
    effects.push_back(effect);
    mean += effect / kFolds;
  }
  double sum = 0;
  for (const double effect : effects) sum += (effect - mean) * (effect - mean);
  return std::sqrt(sum * (kFolds - 1) / kFolds);
}

}  // namespace

SyntheticControl synthetic_control(std::span<const double> treated_before,
                                   std::span<const double> treated_after, std::span<const Control> controls,
                                   double alpha) {
  CHECK(!controls.empty() && controls.size() <= kControlsMax, "{} controls", controls.size());
  for (const Control& control : controls)
    CHECK(control.before.size() == treated_before.size() && control.after.size() == treated_after.size());
  const Rows before = whole_rows(treated_before, controls, &Control::before);
  const Rows after = whole_rows(treated_after, controls, &Control::after);
  SyntheticControl out;
  const double none = std::numeric_limits<double>::quiet_NaN();
  out.effect = {none, none, none};
  const std::size_t seen = before.count() * 2 / 3;
  const std::size_t unseen = before.count() - seen;
  if (seen < 2 || unseen < 2 || after.count() < 2) return out;
  out.weights = fit(moments_of(before, seen, 0, 0));
  const auto mixture = [&](const Rows& rows, std::size_t row) {
    double sum = 0;
    for (std::size_t c = 0; c < out.weights.size(); ++c) sum += out.weights[c] * rows.at(row, c + 1);
    return sum;
  };
  double gap_mean = 0, own_mean = 0;
  for (std::size_t i = 0; i < seen; ++i) {
    gap_mean += (before.at(i, 0) - mixture(before, i)) / static_cast<double>(seen);
    own_mean += before.at(i, 0) / static_cast<double>(seen);
  }
  // The gaps follow each other far less than the series do, so that blocks of them may be short.
  std::vector<double> gap_before, gap_after;
  for (std::size_t i = seen; i < before.count(); ++i) {
    gap_before.push_back(before.at(i, 0) - mixture(before, i));
    out.error += std::pow(gap_before.back() - gap_mean, 2) / static_cast<double>(unseen);
    out.plain_error += std::pow(before.at(i, 0) - own_mean, 2) / static_cast<double>(unseen);
  }
  out.error = std::sqrt(out.error);
  out.plain_error = std::sqrt(out.plain_error);
  for (std::size_t i = 0; i < after.count(); ++i) gap_after.push_back(after.at(i, 0) - mixture(after, i));
  const std::vector<double> nothing_before(gap_before.size()), nothing_after(gap_after.size());
  out.effect = difference_in_differences(gap_before, gap_after, nothing_before, nothing_after, alpha);
  const double reach = std::hypot(out.effect.high - out.effect.estimate,
                                  normal_tail_inverse(alpha / 2) * spread_of_mixture(before, after, seen));
  out.effect.low = out.effect.estimate - reach;
  out.effect.high = out.effect.estimate + reach;
  return out;
}

}  // namespace trimtab::kernels
