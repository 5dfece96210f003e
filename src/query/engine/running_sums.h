// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace trimtab::promql {

// Sums over any part of a series as the difference of two running sums. Each running sum is kept with the sum
// of what its additions rounded away, which together hold about twice the digits of a double (Ogita, Rump and
// Oishi 2005, Sum2), so that a difference is as good as a compensated sum of the part alone. good() says
// whether that holds: not with infinities or NaN, nor where the parts may be too small against the whole.
class RunningSums {
 public:
  // The buffers are the caller's, to be used again; they live as long as this.
  RunningSums(std::span<const double> values, std::vector<double>& sums, std::vector<double>& lost);
  bool good() const { return good_; }
  // Of values [from, to). Requires: good().
  double between(std::size_t from, std::size_t to) const {
    const double a = sums_[from];
    const double b = sums_[to];
    const double difference = b - a;
    const double part = difference - b;
    const double rounded = (b - (difference - part)) + (-a - part);  // Knuth's two-sum of b and -a
    return difference + (rounded + (lost_[to] - lost_[from]));
  }

 private:
  const double* sums_ = nullptr;  // sums_[i]: of the first i values
  const double* lost_ = nullptr;
  bool good_ = false;
};

}  // namespace trimtab::promql
