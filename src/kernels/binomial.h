// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace trimtab::kernels {

// P(X >= successes) for X ~ Binomial(trials, probability): exact, by the regularised incomplete beta
// function. Requires successes <= trials and 0 <= probability <= 1.
double binomial_tail(std::uint64_t successes, std::uint64_t trials, double probability);

struct ProportionInterval {
  double low = 0;
  double high = 1;
};

// Clopper and Pearson's exact interval of a proportion (Biometrika 26, 1934): covers the true one with at
// least `confidence` (0 < confidence < 1), however few the trials. No trials: [0, 1].
ProportionInterval clopper_pearson(std::uint64_t successes, std::uint64_t trials, double confidence);

}  // namespace trimtab::kernels
