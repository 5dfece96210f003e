// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

// The cheapest way to cut a series into stretches that are level or straight.
namespace trimtab::kernels {

// What a cut costs, in squared units of the values: a level stretch pays `level`, a straight one `line`.
struct SegmentPrice {
  double level = 1;
  double line = 1.5;
};

// Sums that give the squared error of any stretch in constant time. Values must be free of NaN.
class SegmentSums {
 public:
  void build(std::span<const double> values, double centre);

  // Squared error of [from, to) around its mean, and around its least-squares line.
  struct Error {
    double level = 0;
    double line = 0;
  };
  Error error(std::size_t from, std::size_t to) const {
    const Inverse inverse = to - from < kInverses.size() ? kInverses[to - from] : inverse_of(to - from);
    const double sum = sums_[to].value - sums_[from].value;
    const double level = sums_[to].square - sums_[from].square - sum * sum * inverse.count;
    const double middle = static_cast<double>(from + to - 1) / 2;
    const double product = sums_[to].product - sums_[from].product - sum * middle;
    const double line = level - product * product * inverse.spread;
    return {level > 0 ? level : 0, line > 0 ? line : 0};
  }
  double mean(std::size_t from, std::size_t to) const {
    return centre_ + (sums_[to].value - sums_[from].value) / static_cast<double>(to - from);
  }
  // Per cell.
  double slope(std::size_t from, std::size_t to) const;
  std::size_t size() const { return sums_.size() - 1; }
  // Of the first `cells` values less their centre: sum, sum of squares, sum of value times position.
  struct Sums {
    double value = 0, square = 0, product = 0;
  };
  const Sums& until(std::size_t cells) const { return sums_[cells]; }

 private:
  // 1 / n and 1 / (sum of squared positions around their mean): divisions would take most of the time.
  struct Inverse {
    double count, spread;
  };
  static constexpr Inverse inverse_of(std::size_t cells) {
    const double n = static_cast<double>(cells);
    return {1 / n, cells < 2 ? 0 : 12 / (n * (n * n - 1))};
  }
  static constexpr std::array<Inverse, 128> kInverses = [] {
    std::array<Inverse, 128> out{};
    for (std::size_t i = 1; i < out.size(); ++i) {
      const double n = static_cast<double>(i);
      out[i] = {1 / n, i < 2 ? 0 : 12 / (n * (n * n - 1))};
    }
    return out;
  }();

  std::vector<Sums> sums_{1};
  double centre_ = 0;
};

struct SegmentationScratch {
  // Where the last stretch may start; column by column, so that all are priced in one vector loop.
  struct Open {
    std::vector<double> best, start, value, square, product;
    std::vector<std::size_t> index;
    void resize(std::size_t count) {
      for (auto* values : {&best, &start, &value, &square, &product}) values->resize(count);
      index.resize(count);
    }
    void add(std::size_t at, double cost, std::size_t cell, const SegmentSums::Sums& sums) {
      best.push_back(cost);
      start.push_back(static_cast<double>(cell));
      value.push_back(sums.value);
      square.push_back(sums.square);
      product.push_back(sums.product);
      index.push_back(at);
    }
  };
  std::vector<double> best, costs, floors;
  std::vector<std::size_t> previous;
  Open open;
};

// Optimal partition by dynamic programming with pruning (Jackson et al. 2005; PELT: Killick, Fearnhead and
// Eckley 2012). Stretches start only at `starts` (rising, first 0), each holds at least `cells_min` cells.
// Writes the starts of all stretches but the first to `cuts`. Cost: O(starts^2) at worst.
void cheapest_segments(const SegmentSums& sums, std::span<const std::size_t> starts, std::size_t end,
                       const SegmentPrice& price, std::size_t cells_min, SegmentationScratch& scratch,
                       std::vector<std::size_t>& cuts);

}  // namespace trimtab::kernels
