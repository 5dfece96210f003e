// SPDX-License-Identifier: Apache-2.0
#include "kernels/correlate/lagged_correlation.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "kernels/distributions.h"

namespace trimtab::kernels {
namespace {

bool finite(double value) { return value - value == 0; }

double mean_of(std::span<const double> values) {
  double sum = 0, count = 0;
  for (const double value : values) {
    if (!finite(value)) continue;
    sum += value;
    count += 1;
  }
  return count > 0 ? sum / count : 0;
}

struct Pairs {
  double count = 0, correlation = 0;  // 0 where a side does not move
};

// Correlation of a[i] and b[i + lag]. Means are taken over the pairs, as ends and gaps differ by lag.
Pairs correlate(std::span<const double> a, std::span<const double> a_there, std::span<const double> b,
                std::span<const double> b_there, std::size_t lag) {
  double count = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;
  for (std::size_t i = 0; i + lag < a.size(); ++i) {
    const double both = a_there[i] * b_there[i + lag];
    const double p = a[i] * both, q = b[i + lag] * both;
    count += both;
    x += p;
    y += q;
    xx += p * p;
    yy += q * q;
    xy += p * q;
  }
  Pairs out{.count = count};
  if (count < 2) return out;
  const double x_spread = xx - x * x / count, y_spread = yy - y * y / count;
  constexpr double kRounding = 1e-12;  // of the squares: below it a side is constant
  if (!(x_spread > kRounding * xx) || !(y_spread > kRounding * yy)) return out;
  out.correlation = std::clamp((xy - x * y / count) / std::sqrt(x_spread * y_spread), -1.0, 1.0);
  return out;
}

// out[i] = (v[i] - mean) - coefficient (v[i - 1] - mean), where both are there.
void filter(std::span<const double> values, double coefficient, std::vector<double>& out,
            std::vector<double>& there) {
  out.assign(values.size(), 0);
  there.assign(values.size(), 0);
  const double mean = mean_of(values);
  for (std::size_t i = 1; i < values.size(); ++i) {
    if (!finite(values[i]) || !finite(values[i - 1])) continue;
    out[i] = (values[i] - mean) - coefficient * (values[i - 1] - mean);
    there[i] = 1;
  }
}

// 1 + 2 sum (1 - k / pairs) rho_target(k) rho_candidate(k)
double dependence(double pairs, const LaggedCorrelationWorkspace& workspace) {
  double sum = 1;
  for (std::size_t lag = 1; lag < workspace.target_correlations.size(); ++lag) {
    const double weight = 1 - static_cast<double>(lag) / pairs;
    if (weight <= 0) break;
    const double own = correlate(workspace.candidate, workspace.candidate_there, workspace.candidate,
                                 workspace.candidate_there, lag)
                           .correlation;
    sum += 2 * weight * workspace.target_correlations[lag] * own;
  }
  return std::max(1.0, sum);
}

}  // namespace

void whiten_target(std::span<const double> target, LaggedCorrelationWorkspace& workspace) {
  filter(target, 0, workspace.target, workspace.target_there);
  // The filter needs a neighbour on the left and so leaves out the first value of each stretch.
  const Pairs neighbours =
      correlate(workspace.target, workspace.target_there, workspace.target, workspace.target_there, 1);
  workspace.coefficient = std::clamp(neighbours.correlation, -kCoefficientMax, kCoefficientMax);
  filter(target, workspace.coefficient, workspace.target, workspace.target_there);
  workspace.target_correlations.resize(kDependenceLags + 1);
  for (std::size_t lag = 0; lag <= kDependenceLags; ++lag) {
    workspace.target_correlations[lag] =
        correlate(workspace.target, workspace.target_there, workspace.target, workspace.target_there, lag)
            .correlation;
  }
}

LaggedCorrelation correlate_with_target(std::span<const double> candidate, std::size_t lag_max,
                                        LaggedCorrelationWorkspace& workspace) {
  CHECK(candidate.size() == workspace.target.size(), "{} columns against a target of {}", candidate.size(),
        workspace.target.size());
  filter(candidate, workspace.coefficient, workspace.candidate, workspace.candidate_there);
  LaggedCorrelation best;
  double best_pairs = 0;
  const auto look = [&](const Pairs& pairs, std::ptrdiff_t lag) {
    if (pairs.count < static_cast<double>(kPairsMin)) return;
    if (std::abs(pairs.correlation) <= std::abs(best.correlation)) return;
    best.lag = lag;
    best.correlation = pairs.correlation;
    best_pairs = pairs.count;
  };
  for (std::size_t lag = 0; lag <= lag_max && lag < candidate.size(); ++lag) {
    look(correlate(workspace.candidate, workspace.candidate_there, workspace.target, workspace.target_there,
                   lag),
         static_cast<std::ptrdiff_t>(lag));
    if (lag == 0) continue;
    look(correlate(workspace.target, workspace.target_there, workspace.candidate, workspace.candidate_there,
                   lag),
         -static_cast<std::ptrdiff_t>(lag));
  }
  if (best_pairs == 0) return best;
  best.effective_count = best_pairs / dependence(best_pairs, workspace);
  const double degrees = std::max(1.0, best.effective_count - 2);
  const double unexplained = std::max(1e-300, 1 - best.correlation * best.correlation);
  const double t = std::abs(best.correlation) * std::sqrt(degrees / unexplained);
  const auto tried = static_cast<double>(2 * lag_max + 1);
  best.probability = std::min(1.0, 2 * tried * student_t_tail(t, degrees));
  return best;
}

}  // namespace trimtab::kernels
