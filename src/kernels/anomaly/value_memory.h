// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "kernels/anomaly/state_bytes.h"

namespace trimtab::kernels {

// Which values has a series taken before? Keeps at most kValuesMax of them, sorted; when full, the ones that
// stand closest to a neighbour are let go, so that the kept ones cover the range evenly and the extremes
// stay. The distance of a new value to the nearest old one is its novelty (a one-dimensional nearest
// neighbour; the idea of conformal nearest-neighbour detectors, Burnaev and Ishimtsev 2016).
class ValueMemory {
 public:
  // Distance to the nearest value known; 0 when none is known.
  double distance(double value) const;
  void add(double value);
  bool empty() const { return values_.empty(); }

  void save(StateWriter& out) const;
  void restore(StateReader& in);

  static constexpr std::size_t kValuesMax = 2048;

 private:
  std::size_t place(double value) const;
  void thin_out();

  std::vector<double> values_;  // sorted; grows to kValuesMax and then allocates no more
  double resolution_ = 0;       // nearer values are not told apart
};

}  // namespace trimtab::kernels
