// SPDX-License-Identifier: Apache-2.0
#include "kernels/binomial.h"

#include "base/check.h"
#include "kernels/distributions.h"

namespace trimtab::kernels {
namespace {

// The p with I_p(a, b) = target. I is increasing in p; 60 halvings leave 1e-18.
double beta_quantile(double a, double b, double target) {
  double low = 0;
  double high = 1;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (regularised_beta(a, b, middle) < target ? low : high) = middle;
  }
  return (low + high) / 2;
}

}  // namespace

double binomial_tail(std::uint64_t successes, std::uint64_t trials, double probability) {
  CHECK(successes <= trials, "{} of {}", successes, trials);
  CHECK(probability >= 0 && probability <= 1, "probability {}", probability);
  if (successes == 0) return 1;
  return regularised_beta(static_cast<double>(successes), static_cast<double>(trials - successes) + 1,
                          probability);
}

ProportionInterval clopper_pearson(std::uint64_t successes, std::uint64_t trials, double confidence) {
  CHECK(successes <= trials, "{} of {}", successes, trials);
  CHECK(confidence > 0 && confidence < 1, "confidence {}", confidence);
  ProportionInterval interval;
  const double side = (1 - confidence) / 2;
  const auto k = static_cast<double>(successes);
  const auto n = static_cast<double>(trials);
  if (successes > 0) interval.low = beta_quantile(k, n - k + 1, side);
  if (successes < trials) interval.high = beta_quantile(k + 1, n - k, 1 - side);
  return interval;
}

}  // namespace trimtab::kernels
