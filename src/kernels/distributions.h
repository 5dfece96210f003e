// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace trimtab::kernels {

// Upper tail P(Z > z) of the standard normal distribution.
double normal_tail(double z);
// z with P(Z > z) = p. Acklam's rational approximation (relative error 1.2e-9). Requires 0 < p < 1.
double normal_tail_inverse(double p);
// Upper tail P(T > t) of Student's t with `degrees` > 0 degrees of freedom (not only whole ones), by the
// regularised incomplete beta function (continued fraction, Lentz' method).
double student_t_tail(double t, double degrees);
// The regularised incomplete beta function I_x(a, b), a and b > 0; x is taken into [0, 1].
double regularised_beta(double a, double b, double x);

}  // namespace trimtab::kernels
