// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

// Order statistics in place. All functions reorder their input and need it free of NaN.
// Cost: O(n), about 10 ns per value. Pure; any thread.
namespace trimtab::kernels {

// Linear interpolation between order statistics (Hyndman and Fan 1996, type 7).
// Requires: values not empty, 0 <= q <= 1.
double quantile_in_place(std::span<double> values, double q);
double median_in_place(std::span<double> values);

// Median absolute deviation from `centre`, times 1.4826 so that it estimates the standard deviation of
// a normal sample. Overwrites the values by their deviations. Requires: values not empty.
double mad_in_place(std::span<double> values, double centre);

// The smallest spread that we believe: max(1e-9, 1 % of |centre|, resolution). Without a floor a series
// that hardly ever moves turns its first flicker into infinitely many standard deviations.
double scale_floor(double centre, double resolution);

}  // namespace trimtab::kernels
