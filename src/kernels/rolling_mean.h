// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace trimtab::kernels {

// Means over any window of a series with gaps, in constant time after one pass. Reusable: build() again
// keeps the memory. Not thread-safe while building.
class RollingMean {
 public:
  // NaN cells count as absent.
  void build(std::span<const double> values);

  // Mean of the cells [begin, end); NaN when fewer than `present_min` of them hold a value.
  double mean(std::size_t begin, std::size_t end, std::size_t present_min) const;
  std::size_t present(std::size_t begin, std::size_t end) const { return counts_[end] - counts_[begin]; }

 private:
  std::vector<double> sums_;
  std::vector<std::size_t> counts_;
};

}  // namespace trimtab::kernels
