// SPDX-License-Identifier: Apache-2.0
#include "query/engine/running_sums.h"

#include <cmath>
#include <limits>

namespace trimtab::promql {

RunningSums::RunningSums(std::span<const double> values, std::vector<double>& sums,
                         std::vector<double>& lost) {
  sums.resize(values.size() + 1);
  lost.resize(values.size() + 1);
  sums[0] = 0;
  lost[0] = 0;
  double magnitude = 0;
  double smallest = std::numeric_limits<double>::infinity();
  double sum = 0;
  double rest = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double v = values[i];
    const double next = sum + v;
    const double part = next - sum;
    rest += (sum - (next - part)) + (v - part);
    sum = next;
    sums[i + 1] = sum;
    lost[i + 1] = rest;
    const double size = std::fabs(v);
    magnitude += size;
    smallest = size > 0 && size < smallest ? size : smallest;
  }
  // A running sum is wrong by at most about n 2^-106 of all magnitudes; a part's sum may be wrong by
  // 2^-52 of its own, which are at least the smallest one.
  const double bound = magnitude * static_cast<double>(values.size()) * 0x1p-54;
  good_ = std::isfinite(magnitude) && (magnitude == 0 || smallest >= bound);
  sums_ = sums.data();
  lost_ = lost.data();
}

}  // namespace trimtab::promql
