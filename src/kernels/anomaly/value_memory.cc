// SPDX-License-Identifier: Apache-2.0
#include "kernels/anomaly/value_memory.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace trimtab::kernels {

// How many values are smaller. Without a branch to guess wrongly: new values fall anywhere.
std::size_t ValueMemory::place(float value) const {
  const float* from = values_.data();
  std::size_t count = values_.size();
  if (count == 0) return 0;
  while (count > 1) {
    const std::size_t half = count / 2;
    from += half * static_cast<std::size_t>(from[half - 1] < value);
    count -= half;
  }
  return static_cast<std::size_t>(from - values_.data()) + (*from < value ? 1 : 0);
}

double ValueMemory::learn(double value) {
  if (values_.empty()) {
    first_ = value;
    values_.reserve(kValuesMax);
    values_.push_back(0);
    return 0;
  }
  const auto offset = static_cast<float>(value - first_);
  std::size_t at = place(offset);
  float nearest = std::numeric_limits<float>::infinity();
  if (at < values_.size()) nearest = values_[at] - offset;
  if (at > 0) nearest = std::min(nearest, offset - values_[at - 1]);
  if (nearest <= kResolution * std::abs(offset)) nearest = 0;
  if (nearest <= resolution_) {
    // The extremes are exact: what lies beyond them must not creep away in small steps.
    values_.front() = std::min(values_.front(), offset);
    values_.back() = std::max(values_.back(), offset);
    return static_cast<double>(nearest);
  }
  if (values_.size() == kValuesMax) {
    thin_out();
    at = place(offset);
  }
  values_.insert(values_.begin() + static_cast<std::ptrdiff_t>(at), offset);
  return static_cast<double>(nearest);
}

void ValueMemory::thin_out() {
  std::array<float, kValuesMax> gaps;
  const std::size_t count = values_.size();
  for (std::size_t i = 0; i + 1 < count; ++i) gaps[i] = values_[i + 1] - values_[i];
  const std::size_t quarter = count / 4;
  std::nth_element(gaps.data(), gaps.data() + quarter, gaps.data() + count - 1);
  const float least = gaps[quarter];
  resolution_ = std::max(resolution_, least / 2);
  std::size_t kept = 1;
  for (std::size_t i = 1; i + 1 < count; ++i) {
    if (values_[i] - values_[kept - 1] > least) values_[kept++] = values_[i];
  }
  values_[kept] = values_[count - 1];
  values_.resize(kept + 1);
}

void ValueMemory::save(StateWriter& out) const {
  out.number(first_);
  out.number(static_cast<double>(resolution_));
  out.short_numbers(values_);
}

void ValueMemory::restore(StateReader& in) {
  first_ = in.number();
  resolution_ = static_cast<float>(in.number());
  in.short_numbers(values_, kValuesMax);
}

}  // namespace trimtab::kernels
