// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/anomaly/state_bytes.h"

namespace trimtab::kernels {

// Which part of the next value is the season's, by what was seen so far. Keeps the whole past as at most
// kCellsMax cells (means over 1, 2, 4, ... values); looks for a season in them (find_seasons) when the values
// seen have grown by half since the last time, takes the one that predicts best, and from then on learns its
// profile value by value. Causal and bounded; about 5 ns a value between the looks, each about 0.1
// microseconds a cell.
//
// A period found in cells of several values is known to that width only: within a cell (or 2 %) of an hour, a
// day or a week it is taken as exactly that.
class SeasonProfile {
 public:
  // values_per_day > 0: what an hour, a day and a week are.
  explicit SeasonProfile(double values_per_day);

  // 0: no season is known.
  std::size_t period() const { return period_; }
  // The season's part of the next value; 0 without a season.
  double next() const;
  // What the next value had that next() did not foresee, already clipped. Before push().
  void learn(double error);
  // The value itself; NaN is a gap, which takes its time. True when another season holds from here on.
  bool push(double value);

  void save(StateWriter& out) const;
  // Fails the reader when the state can not be.
  void restore(StateReader& in);

  static constexpr std::size_t kCellsMax = 2048;
  static constexpr std::uint64_t kFirstLook = 64;  // values
  static constexpr double kLookGrowth = 1.5;       // between looks
  static constexpr double kLearningRate = 0.15;    // of a phase, per cycle
  static constexpr double kClockTolerance = 0.02;  // of an hour, a day, a week
  static constexpr double kBetterSeason = 0.02;    // strength by which another season takes over

 private:
  void add_cell(float cell);
  bool look();

  double values_per_day_;
  std::uint64_t seen_ = 0;
  std::uint64_t next_look_ = kFirstLook;
  std::vector<float> cells_;
  std::size_t width_ = 1;      // values a cell
  double sum_ = 0;             // of the cell being filled
  std::size_t summed_ = 0;     // present values in it
  std::size_t passed_ = 0;     // all values in it
  std::size_t period_ = 0;     // values
  std::size_t phase_ = 0;      // of the next value, < period_
  std::size_t bin_width_ = 1;  // values a profile bin; divides period_
  double strength_ = 0;
  std::vector<float> profile_;  // period_ / bin_width_ bins
};

}  // namespace trimtab::kernels
