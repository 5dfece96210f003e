// SPDX-License-Identifier: Apache-2.0
#include "kernels/anomaly/value_memory.h"

#include <algorithm>
#include <array>
#include <limits>

namespace trimtab::kernels {

std::size_t ValueMemory::place(double value) const {
  return static_cast<std::size_t>(std::lower_bound(values_.begin(), values_.end(), value) - values_.begin());
}

double ValueMemory::distance(double value) const {
  if (values_.empty()) return 0;
  const std::size_t at = place(value);
  double nearest = std::numeric_limits<double>::infinity();
  if (at < values_.size()) nearest = values_[at] - value;
  if (at > 0) nearest = std::min(nearest, value - values_[at - 1]);
  return nearest;
}

void ValueMemory::add(double value) {
  if (!values_.empty() && distance(value) <= resolution_) {
    // The extremes are exact: what lies beyond them must not creep away in small steps.
    values_.front() = std::min(values_.front(), value);
    values_.back() = std::max(values_.back(), value);
    return;
  }
  if (values_.size() == kValuesMax) thin_out();
  values_.insert(values_.begin() + static_cast<std::ptrdiff_t>(place(value)), value);
}

void ValueMemory::thin_out() {
  std::array<double, kValuesMax> gaps;
  const std::size_t count = values_.size();
  for (std::size_t i = 0; i + 1 < count; ++i) gaps[i] = values_[i + 1] - values_[i];
  const std::size_t quarter = count / 4;
  std::nth_element(gaps.data(), gaps.data() + quarter, gaps.data() + count - 1);
  const double least = gaps[quarter];
  resolution_ = std::max(resolution_, least / 2);
  std::size_t kept = 1;
  for (std::size_t i = 1; i + 1 < count; ++i) {
    if (values_[i] - values_[kept - 1] > least) values_[kept++] = values_[i];
  }
  values_[kept] = values_[count - 1];
  values_.resize(kept + 1);
}

void ValueMemory::save(StateWriter& out) const {
  out.number(resolution_);
  out.numbers(values_);
}

void ValueMemory::restore(StateReader& in) {
  resolution_ = in.number();
  values_.resize(kValuesMax);
  values_.resize(in.numbers(values_));
}

}  // namespace trimtab::kernels
