// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

namespace trimtab::promql {

// A running sum and what rounding took from it (Neumaier 1974): the error stays near one rounding of the
// result however many values are added. Infinite sums carry no compensation.
struct CompensatedSum {
  double sum = 0;
  double lost = 0;

  void add(double value) {
    const double next = sum + value;
    if (std::isinf(next)) {
      lost = 0;
    } else if (std::fabs(sum) >= std::fabs(value)) {
      lost += (sum - next) + value;
    } else {
      lost += (value - next) + sum;
    }
    sum = next;
  }
  double value() const { return std::isinf(sum) ? sum : sum + lost; }
};

// A mean that does not overflow where the sum would: sums as long as that is finite, then goes on with
// the running mean (the mean of large values has no reason to be infinite).
class CompensatedMean {
 public:
  void add(double value) {
    ++count_;
    if (!incremental_) {
      CompensatedSum next = sum_;
      next.add(value);
      if (!std::isinf(next.sum) || std::isinf(sum_.sum) || std::isinf(value)) {
        sum_ = next;
        return;
      }
      incremental_ = true;
      const double before = static_cast<double>(count_ - 1);
      sum_ = {sum_.sum / before, sum_.lost / before};
    }
    const double share = (static_cast<double>(count_) - 1) / static_cast<double>(count_);
    sum_ = {sum_.sum * share, sum_.lost * share};
    sum_.add(value / static_cast<double>(count_));
  }
  double value() const {
    if (incremental_ || std::isinf(sum_.sum)) return sum_.value();
    const double n = static_cast<double>(count_);
    return sum_.sum / n + sum_.lost / n;
  }

 private:
  CompensatedSum sum_;
  std::size_t count_ = 0;
  bool incremental_ = false;
};

}  // namespace trimtab::promql
