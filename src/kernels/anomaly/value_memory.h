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
// Values are kept as floats relative to the first one: nearer than kResolution of that is the same.
class ValueMemory {
 public:
  // Distance to the nearest value known, 0 when none is known; then learns the value.
  double learn(double value);
  bool empty() const { return values_.empty(); }

  void save(StateWriter& out) const;
  void restore(StateReader& in);

  static constexpr std::size_t kValuesMax = 2048;
  static constexpr float kResolution = 5e-7F;

 private:
  std::size_t place(float value) const;
  void thin_out();

  std::vector<float> values_;  // sorted; grows to kValuesMax and then allocates no more
  double first_ = 0;
  float resolution_ = 0;  // nearer values are not told apart
};

}  // namespace trimtab::kernels
