// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.h"
#include "kernels/sketch/exponential_histogram.h"

namespace trimtab::kernels {

// A DDSketch (Masson, Rim and Lee, VLDB 2019) of the logarithmic mapping, as its protobuf form has it
// (interpolation NONE): bin i holds |x| in [gamma^(i - index_offset), gamma^(i + 1 - index_offset)). The
// interpolated mappings (LINEAR, QUADRATIC, CUBIC) have other bins and must not be handed in as this one.
struct DdSketch {
  struct Bin {
    std::int32_t index = 0;
    double count = 0;  // a weight, finite and >= 0
  };
  double gamma = 0;  // above 1
  double index_offset = 0;
  double zero_count = 0;
  std::span<const Bin> positive, negative;  // in any order, an index may come more than once
};

struct DdSketchImport {
  ExponentialHistogram histogram;
  // Every quantile of the histogram that is not in the zero bucket is off by at most this, as a share of the
  // value: (1 + alpha) sqrt(base) - 1, with alpha = (gamma - 1) / (gamma + 1) of the sketch and base of the
  // histogram. Holds for bins that the sender has not collapsed.
  double relative_error = 0;
};

// Each bin goes, as its own representative value 2 gamma^(i + 1 - index_offset) / (1 + gamma), which is
// within alpha of all it holds, into the bucket of that value. The sum becomes that of the representatives,
// within alpha for values of one sign. Weights that are no whole numbers are rounded along their running sum,
// so that no rank moves by more than half a value. Bins below the smallest normal double count as 0. Fails on
// a gamma that is not above 1, weights that are negative, not finite or above 2^53 in sum, and bins beyond
// the largest double.
Result<DdSketchImport> import_ddsketch(const DdSketch& sketch, std::size_t buckets_max = 160);

}  // namespace trimtab::kernels
