// SPDX-License-Identifier: Apache-2.0
#include "kernels/tail.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace trimtab::kernels {
namespace {

struct Pareto {
  double shape = kShapeMin;
  double scale = 0;
};

// Sorts the excesses.
Pareto fit_pareto(std::span<double> excesses, double scale_min) {
  std::sort(excesses.begin(), excesses.end());
  const double n = static_cast<double>(excesses.size());
  double mean = 0;
  double weighted = 0;  // E[x (1 - F(x))]
  for (std::size_t i = 0; i < excesses.size(); ++i) {
    mean += excesses[i];
    weighted += excesses[i] * (n - 1 - static_cast<double>(i)) / (n - 1);
  }
  mean /= n;
  weighted /= n;
  Pareto fit;
  const double denominator = mean - 2 * weighted;
  if (denominator > 0) fit.shape = 2 - mean / denominator;
  if (!(fit.shape >= kShapeMin)) fit.shape = kShapeMin;
  fit.shape = std::min(fit.shape, kShapeMax);
  fit.scale =
      std::max(mean * (1 - fit.shape), scale_min);  // the mean of a Pareto excess is scale / (1 - shape)
  return fit;
}

}  // namespace

double upper_tail_probability(std::span<double> sample, double observed, double scale_min,
                              TailScratch& scratch) {
  CHECK(!sample.empty() && scale_min > 0);
  const std::size_t n = sample.size();
  const auto wanted = static_cast<std::size_t>(kExceedanceShare * static_cast<double>(n));
  const std::size_t exceedances = std::min(std::clamp(wanted, kExceedancesMin, kExceedancesMax), n / 2);
  std::size_t above = 0;
  for (const double value : sample) above += value >= observed;
  const double by_rank = static_cast<double>(above + 1) / static_cast<double>(n + 1);
  if (exceedances < 2 || above >= exceedances) return by_rank;

  const auto first = sample.end() - static_cast<std::ptrdiff_t>(exceedances);
  std::nth_element(sample.begin(), first - 1, sample.end());
  const double threshold = *(first - 1);
  scratch.exceedances.assign(first, sample.end());
  for (double& value : scratch.exceedances) value -= threshold;
  const Pareto fit = fit_pareto(scratch.exceedances, scale_min);
  const double share = static_cast<double>(exceedances) / static_cast<double>(n);
  const double excess = std::max(0.0, observed - threshold);
  const double beyond = share * std::pow(1 + fit.shape * excess / fit.scale, -1 / fit.shape);
  return std::min(by_rank, std::max(beyond, 1e-300));
}

}  // namespace trimtab::kernels
