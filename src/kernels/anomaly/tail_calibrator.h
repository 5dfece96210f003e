// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernels/anomaly/state_bytes.h"

namespace trimtab::kernels {

// How rare is a value among all values of the same quantity seen so far: the stream form of
// upper_tail_probability (kernels/tail.h). Within the history by rank, over a histogram of a quarter of an
// octave; above the kTopMax largest (or the kTopShare largest while there are few) by a generalised Pareto
// distribution over their excesses (SPOT: Siffer et al., KDD 2017; probability-weighted moments: Hosking and
// Wallis 1987). Values are at least 0; equal histories give equal answers. Bounded memory, O(1) a value.
class TailCalibrator {
 public:
  // -log10 of the probability of a value at least this large; 0 while fewer than kHistoryMin are known.
  // In [0, kSurpriseMax].
  double surprise(double value) const;
  void add(double value);
  std::uint64_t size() const { return count_; }

  void save(StateWriter& out) const;
  void restore(StateReader& in);

  static constexpr std::uint64_t kHistoryMin = 20;
  static constexpr double kSurpriseMax = 15;
  static constexpr double kTopShare = 0.05;
  static constexpr std::size_t kTopMin = 10;
  static constexpr std::size_t kTopMax = 64;
  static constexpr std::size_t kBuckets = 256;
  static constexpr std::size_t kGroup = 16;

 private:
  std::size_t bucket(double value) const;
  std::uint64_t count_above(std::size_t bucket) const;
  std::size_t exceedances() const;
  void fit();

  std::uint64_t count_ = 0;
  int anchor_ = 0;  // exponent field of the first positive value: the middle of the histogram
  bool anchored_ = false;
  std::array<std::uint32_t, kBuckets> counts_{};
  std::array<std::uint32_t, kBuckets / kGroup> groups_{};  // sums of kGroup counts each
  std::array<double, kTopMax + 1> top_{};                  // the largest values, rising
  std::size_t top_count_ = 0;
  std::size_t fitted_ = 0;  // exceedances the fit below is of; 0: none
  double threshold_ = 0;
  double shape_ = 0;
  double spread_ = 0;
};

}  // namespace trimtab::kernels
