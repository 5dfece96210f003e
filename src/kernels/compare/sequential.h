// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernels/compare/dependence.h"

// Comparisons that may be looked at every second and stopped at any moment.
namespace trimtab::kernels {

// Evidence against "the centre of the differences is at most (at least) `margin`", as an e-value: the capital
// of a bettor who starts with 1 and can not gain on average while that holds. By Ville's inequality the
// chance that it EVER reaches 1 / alpha is at most alpha, however often and whenever it is looked at.
//
// One difference d per pair of blocks (canary mean - control mean, or after - before). While nothing is wrong
// d - margin is symmetric around 0 (the difference of two alike quantities always is), so given its size its
// sign is a fair coin; the capital is multiplied by 1 + sign * tanh(theta * |d| / scale), which is the
// likelihood ratio of a normal shift given the size. Capitals of kThetas effects are averaged (a mixture, as
// in Robbins' mixture SPRT). No normality, no variance estimate is needed for validity; the scale, a running
// mean of earlier |d|, only steers power. Needs: independent, symmetric differences; PairedBlocks provides
// them from correlated values.
class SymmetricBet {
 public:
  enum class Against { kHigher, kLower };  // grows when differences lie above (below) the margin
  explicit SymmetricBet(Against against, double margin = 0) : against_(against), margin_(margin) {}

  // NaN is passed over.
  void add(double difference);
  double e_value() const;                          // now
  double e_value_max() const { return largest_; }  // ever; compare with 1 / alpha
  std::uint64_t count() const { return count_; }

  static constexpr std::array<double, 6> kThetas{0.1, 0.2, 0.4, 0.8, 1.6, 3.2};

 private:
  Against against_;
  double margin_;
  std::array<double, kThetas.size()> log_capital_{};
  double size_sum_ = 0;
  double largest_ = 1;
  std::uint64_t count_ = 0;
};

// Turns two streams of autocorrelated values into nearly independent differences of block means. Blocks and
// gaps as plan_blocks() says, from values seen before the comparison began.
class PairedBlocks {
 public:
  explicit PairedBlocks(BlockPlan plan) : plan_(plan) {}
  // One value of each stream. True when a block ended: difference() is then new. A NaN on either side
  // leaves this moment out of the block's means.
  bool add(double treated, double control);
  double difference() const { return difference_; }

 private:
  BlockPlan plan_;
  std::size_t at_ = 0;
  double sum_ = 0;
  std::size_t present_ = 0;
  double difference_ = 0;
};

enum class SequentialVerdict { kUndecided, kWorse, kBetter, kNoWorse };

// The whole test: looks after every pair of values; "higher is worse". kWorse: shown higher. kBetter: shown
// lower. kNoWorse: shown to be higher by less than `margin` (only when margin > 0); while undecided or no
// worse the test goes on, and kWorse may still follow: then the evidence has turned. The chance of any kWorse
// or kBetter while nothing differs is at most alpha; the chance of kNoWorse while the centre is `margin`
// higher is at most alpha.
class SequentialComparison {
 public:
  struct Options {
    double alpha = 0.05;
    double margin = 0;
    BlockPlan blocks{};
  };
  explicit SequentialComparison(const Options& options);

  SequentialVerdict add(double treated, double control);
  SequentialVerdict verdict() const { return verdict_; }
  double e_worse() const { return worse_.e_value_max(); }
  double e_better() const { return better_.e_value_max(); }
  double e_no_worse() const { return no_worse_.e_value_max(); }
  std::uint64_t blocks() const { return worse_.count(); }

 private:
  Options options_;
  PairedBlocks pairs_;
  SymmetricBet worse_, better_, no_worse_;
  SequentialVerdict verdict_ = SequentialVerdict::kUndecided;
};

// Mixture SPRT for the difference of two normal means with known variance (Robbins 1970; Johari et al.,
// "Peeking at A/B Tests", KDD 2017): n values on each side, means differing by `difference`, `variance` of
// one value, effects normal with variance `mixing`. An e-value: valid at any stopping time, as long as the
// variance is right and values are independent. Requires variance > 0, mixing > 0.
double mixture_sprt(double count, double difference, double variance, double mixing);

}  // namespace trimtab::kernels
