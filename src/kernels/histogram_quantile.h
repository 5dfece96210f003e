// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

namespace trimtab::kernels {

// The q-quantile of a classic histogram by linear interpolation inside the bucket, as Prometheus'
// histogram_quantile() does: `bounds` are the upper bounds, rising, the last may be +Inf; `cumulative` the
// observations at or below each. In the +Inf bucket the answer is the highest finite bound. Cumulative
// counts that fall (scrapes torn between buckets) are read as flat. NaN when there are no observations.
// Requires: equal sizes, 0 <= q <= 1.
double histogram_quantile(std::span<const double> bounds, std::span<const double> cumulative, double q);

}  // namespace trimtab::kernels
