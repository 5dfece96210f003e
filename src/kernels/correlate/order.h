// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

// Sorting and selection of a few hundred values without branches that depend on them: such branches are
// mispredicted every second time, which is most of what std::nth_element costs here (540 normal values:
// about 2 us for a median against 6.6). Values free of NaN. Pure.
namespace trimtab::kernels {

// Sorts up by merging. Requires: scratch at least as long as values.
void sort_values(std::span<double> values, std::span<double> scratch);

// The median (mean of the middle two); reorders the values. Requires: values not empty.
double fast_median(std::span<double> values);

}  // namespace trimtab::kernels
