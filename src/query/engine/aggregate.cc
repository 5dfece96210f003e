// SPDX-License-Identifier: Apache-2.0
#include "query/engine/aggregate.h"

#include <fmt/format.h>

#include <boost/unordered/unordered_flat_map.hpp>
#include <cmath>

#include "base/check.h"

namespace trimtab::promql {
namespace {

// The state of one group: one cell a column. Rows are added in order within a block, blocks are merged in
// order, so that the sums are the same at any number of threads.
class Accumulator {
 public:
  virtual ~Accumulator() = default;
  virtual void add(std::span<const double> row) = 0;
  virtual void merge(const Accumulator& later) = 0;
  virtual void finish(std::span<double> out) const = 0;
};

// Neumaier's sum (sum.h) without branches, plus the count of values. An infinite sum has a meaningless
// `lost`, which finish() leaves out.
class Sum : public Accumulator {
 public:
  explicit Sum(std::size_t columns) : sum_(columns), lost_(columns), count_(columns) {}
  void add(std::span<const double> row) override {
    for (std::size_t c = 0; c < row.size(); ++c) {
      const bool there = present(row[c]);
      add_cell(c, there ? row[c] : 0.0);
      count_[c] += there ? 1.0 : 0.0;
    }
  }
  void merge(const Accumulator& later) override {
    const auto& other = static_cast<const Sum&>(later);
    for (std::size_t c = 0; c < sum_.size(); ++c) {
      add_cell(c, other.sum_[c]);
      lost_[c] += other.lost_[c];
      count_[c] += other.count_[c];
    }
  }
  void finish(std::span<double> out) const override {
    for (std::size_t c = 0; c < out.size(); ++c) out[c] = count_[c] == 0 ? kNoValue : total(c);
  }

 protected:
  void add_cell(std::size_t c, double v) {
    const double sum = sum_[c];
    const double next = sum + v;
    lost_[c] += std::fabs(sum) >= std::fabs(v) ? (sum - next) + v : (v - next) + sum;
    sum_[c] = next;
  }
  double total(std::size_t c) const { return std::isinf(sum_[c]) ? sum_[c] : sum_[c] + lost_[c]; }

  std::vector<double> sum_;
  std::vector<double> lost_;
  std::vector<double> count_;
};

// Also adds the values at a scale where no sum of finite values overflows: used where the plain sum did.
class Mean final : public Sum {
 public:
  explicit Mean(std::size_t columns) : Sum(columns), scaled_(columns) {}
  void add(std::span<const double> row) override {
    Sum::add(row);
    for (std::size_t c = 0; c < row.size(); ++c) scaled_[c] += present(row[c]) ? row[c] * kScale : 0.0;
  }
  void merge(const Accumulator& later) override {
    Sum::merge(later);
    for (std::size_t c = 0; c < scaled_.size(); ++c) scaled_[c] += static_cast<const Mean&>(later).scaled_[c];
  }
  void finish(std::span<double> out) const override {
    for (std::size_t c = 0; c < out.size(); ++c) {
      if (count_[c] == 0) {
        out[c] = kNoValue;
      } else {
        // An infinite sum of finite values may have turned to NaN since.
        out[c] = std::isfinite(sum_[c]) ? sum_[c] / count_[c] + lost_[c] / count_[c]
                                        : scaled_[c] / count_[c] / kScale;
      }
    }
  }

 private:
  static constexpr double kScale = 0x1p-64;
  std::vector<double> scaled_;
};

class Count final : public Accumulator {
 public:
  explicit Count(std::size_t columns) : count_(columns) {}
  void add(std::span<const double> row) override {
    for (std::size_t c = 0; c < row.size(); ++c) count_[c] += present(row[c]) ? 1.0 : 0.0;
  }
  void merge(const Accumulator& later) override {
    for (std::size_t c = 0; c < count_.size(); ++c) count_[c] += static_cast<const Count&>(later).count_[c];
  }
  void finish(std::span<double> out) const override {
    for (std::size_t c = 0; c < out.size(); ++c) out[c] = count_[c] == 0 ? kNoValue : count_[c];
  }

 private:
  std::vector<double> count_;
};

class Group final : public Accumulator {
 public:
  explicit Group(std::size_t columns) : cell_(columns, kNoValue) {}
  void add(std::span<const double> row) override {
    for (std::size_t c = 0; c < row.size(); ++c) cell_[c] = present(row[c]) ? 1.0 : cell_[c];
  }
  void merge(const Accumulator& later) override { add(static_cast<const Group&>(later).cell_); }
  void finish(std::span<double> out) const override { std::copy(cell_.begin(), cell_.end(), out.begin()); }

 private:
  std::vector<double> cell_;
};

// NaN loses against any number. The absent cell is a NaN too, so that the first value always wins.
template <bool kMax>
class Extreme final : public Accumulator {
 public:
  explicit Extreme(std::size_t columns) : cell_(columns, kNoValue) {}
  void add(std::span<const double> row) override {
    for (std::size_t c = 0; c < row.size(); ++c) {
      const double v = row[c];
      const bool better = std::isnan(cell_[c]) || (kMax ? v > cell_[c] : v < cell_[c]);
      cell_[c] = present(v) && better ? v : cell_[c];
    }
  }
  void merge(const Accumulator& later) override { add(static_cast<const Extreme&>(later).cell_); }
  void finish(std::span<double> out) const override { std::copy(cell_.begin(), cell_.end(), out.begin()); }

 private:
  std::vector<double> cell_;
};

// Population variance: Welford 1962 for values, Chan, Golub and LeVeque 1979 for merging.
class Variance : public Accumulator {
 public:
  explicit Variance(std::size_t columns) : count_(columns), mean_(columns), squares_(columns) {}
  void add(std::span<const double> row) override {
    for (std::size_t c = 0; c < row.size(); ++c) {
      if (!present(row[c])) continue;
      count_[c] += 1;
      const double off = row[c] - mean_[c];
      mean_[c] += off / count_[c];
      squares_[c] += off * (row[c] - mean_[c]);
    }
  }
  void merge(const Accumulator& later) override {
    const auto& other = static_cast<const Variance&>(later);
    for (std::size_t c = 0; c < count_.size(); ++c) {
      if (other.count_[c] == 0) continue;
      const double n = count_[c] + other.count_[c];
      const double off = other.mean_[c] - mean_[c];
      squares_[c] += other.squares_[c] + off * off * (count_[c] * other.count_[c] / n);
      mean_[c] += off * (other.count_[c] / n);
      count_[c] = n;
    }
  }
  void finish(std::span<double> out) const override {
    for (std::size_t c = 0; c < out.size(); ++c) out[c] = count_[c] == 0 ? kNoValue : squares_[c] / count_[c];
  }

 private:
  std::vector<double> count_;
  std::vector<double> mean_;
  std::vector<double> squares_;
};

class Deviation final : public Variance {
 public:
  using Variance::Variance;
  void finish(std::span<double> out) const override {
    Variance::finish(out);
    for (double& v : out) v = present(v) ? std::sqrt(v) : v;
  }
};

std::unique_ptr<Accumulator> make_accumulator(AggregateOp op, std::size_t columns) {
  switch (op) {
    case AggregateOp::kSum: return std::make_unique<Sum>(columns);
    case AggregateOp::kAvg: return std::make_unique<Mean>(columns);
    case AggregateOp::kCount: return std::make_unique<Count>(columns);
    case AggregateOp::kMin: return std::make_unique<Extreme<false>>(columns);
    case AggregateOp::kMax: return std::make_unique<Extreme<true>>(columns);
    case AggregateOp::kGroup: return std::make_unique<Group>(columns);
    case AggregateOp::kStddev: return std::make_unique<Deviation>(columns);
    case AggregateOp::kStdvar: return std::make_unique<Variance>(columns);
    default: break;
  }
  CHECK(false, "{} does not stream", to_string(op));
}

// A block's groups may be as many as its rows.
constexpr std::size_t kBlockRowsMax = 256;
constexpr std::size_t kBlockCells = 1 << 18;

Result<Rows> stream(AggregateOp op, const Rows& rows, const Grouping& grouping, const Grid& grid,
                    const Context& context) {
  using Partial = std::vector<std::pair<std::uint32_t, std::unique_ptr<Accumulator>>>;
  const std::size_t groups = grouping.labels.size();
  auto out = std::make_shared<Table>(grid.columns);
  // While it runs, a group takes up to three numbers a step; the result one.
  TRY(context.check_cells(groups * 3, grid.columns, to_string(op)));
  TRY(out->hold(context, groups, to_string(op)));
  const std::size_t block_rows = std::clamp<std::size_t>(kBlockCells / grid.columns, 1, kBlockRowsMax);
  const std::size_t blocks = (rows->size() + block_rows - 1) / block_rows;
  std::vector<Partial> partials(blocks);
  std::vector<std::unique_ptr<Accumulator>> totals(groups);
  const auto work = [&](std::size_t block, Scratch& scratch) -> Status {
    Partial& partial = partials[block];
    boost::unordered_flat_map<std::uint32_t, Accumulator*> of_group;
    const auto lease = scratch.doubles();
    lease->resize(grid.columns);
    const std::size_t end = std::min(rows->size(), (block + 1) * block_rows);
    for (std::size_t row = block * block_rows; row < end; ++row) {
      TRY(rows->compute(row, scratch, *lease));
      const std::uint32_t group = grouping.group[row];
      Accumulator*& accumulator = of_group[group];
      if (accumulator == nullptr) {
        partial.emplace_back(group, make_accumulator(op, grid.columns));
        accumulator = partial.back().second.get();
      }
      accumulator->add(*lease);
    }
    return ok();
  };
  const auto done = [&](std::size_t block) -> Status {
    for (auto& [group, accumulator] : partials[block]) {
      if (totals[group] == nullptr) {
        totals[group] = std::move(accumulator);
      } else {
        totals[group]->merge(*accumulator);
      }
    }
    partials[block] = Partial();
    return ok();
  };
  TRY(for_blocks(blocks, context, work, done));
  std::vector<double> cells(grid.columns);
  for (std::size_t group = 0; group < groups; ++group) {
    totals[group]->finish(cells);
    totals[group].reset();
    if (!any_present(cells)) continue;
    const auto to = out->add(grouping.labels[group]);
    std::copy(cells.begin(), cells.end(), to.begin());
  }
  out->set_unique();
  return Rows(std::move(out));
}

}  // namespace

void warn_bad_quantile(std::span<const double> q, Span span, const Context& context) {
  for (const double v : q) {
    if (v >= 0 && v <= 1) continue;
    const std::string text = std::isnan(v)   ? "NaN"
                             : std::isinf(v) ? (v > 0 ? "+Inf" : "-Inf")
                                             : fmt::format("{:g}", v);
    context.warn("quantile value should be between 0 and 1, got " + text, span);
    return;
  }
}

Result<Rows> aggregate(const Aggregate& node, Span span, const Rows& rows, AggregateParameter parameter,
                       const Grid& grid, const Context& context) {
  switch (node.op) {
    case AggregateOp::kTopk:
    case AggregateOp::kBottomk:
    case AggregateOp::kLimitk: return aggregate_topk(node, span, rows, parameter.scalar, grid, context);
    case AggregateOp::kCountValues:
      return aggregate_count_values(node, span, rows, parameter.text, grid, context);
    case AggregateOp::kQuantile: return aggregate_quantile(node, span, rows, parameter.scalar, grid, context);
    default: return stream(node.op, rows, group_rows(*rows, node.grouping, node.without), grid, context);
  }
}

}  // namespace trimtab::promql
