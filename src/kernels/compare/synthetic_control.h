// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "kernels/compare/two_sample.h"

namespace trimtab::kernels {

// One series that was left alone, row by row beside the treated one.
struct Control {
  std::span<const double> before, after;
};

struct SyntheticControl {
  std::vector<double> weights;  // of the controls, at least 0, sum 1
  double error = 0;        // of the mixture at rows before that the weights did not see: root mean square,
  double plain_error = 0;  // and of the treated series' own mean there
  Interval effect;         // treated minus mixture, after against those rows before; NaN when too few
};

// What the treated series would have been, from a mixture of untouched ones (Abadie, Diamond and Hainmueller
// 2010): weights on the simplex fit the first two thirds of the rows before, each series less its mean there;
// Frank and Wolfe's (1956) steps, away from the worst control as well as towards the best, at most
// kMixingStepsMax. The effect is the difference in differences between treated and mixture over the rows
// before that the weights did not see and those after, so that a good fit by chance does not make the
// interval narrow. The interval is widened by how far
// the effect moves with the weights (jackknife over eight stretches of the rows they see). Rows with a gap in
// any of the series are left out. Requires 1 to kControlsMax controls, as many rows as the treated has; 0 <
// alpha < 1.
SyntheticControl synthetic_control(std::span<const double> treated_before,
                                   std::span<const double> treated_after, std::span<const Control> controls,
                                   double alpha);

inline constexpr std::size_t kControlsMax = 50;
inline constexpr int kMixingStepsMax = 500;

}  // namespace trimtab::kernels
