// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

namespace trimtab::kernels {

struct TailScratch {
  std::vector<double> exceedances;
};

// How often a value as high as `observed` is to be expected, judged by a sample of how the same quantity
// behaved before: within the sample by its rank, (count above + 1) / (n + 1); beyond a high threshold by a
// generalised Pareto distribution fitted to the excesses (peaks over threshold: Pickands 1975; used for
// streams by Siffer et al., KDD 2017; fitted by probability-weighted moments, Hosking and Wallis 1987).
// The shape is kept in [kShapeMin, kShapeMax]: never a bounded tail, because "it can not happen" must not
// follow from a short sample. `scale_min` > 0 is the least spread of the excesses (a sample that never
// moved still says something about a value far away).
//
// `sample` is reordered. Requires: sample not empty and free of NaN. Returns a value in (0, 1].
// Cost: O(n) plus a sort of at most kExceedancesMax values. Allocates only while the scratch grows.
double upper_tail_probability(std::span<double> sample, double observed, double scale_min,
                              TailScratch& scratch);

inline constexpr double kShapeMin = 0.05;
inline constexpr double kShapeMax = 0.9;
inline constexpr double kExceedanceShare = 0.05;  // of the sample lies above the threshold
inline constexpr std::size_t kExceedancesMin = 10;
inline constexpr std::size_t kExceedancesMax = 500;

}  // namespace trimtab::kernels
