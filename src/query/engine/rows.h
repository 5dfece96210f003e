// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/result.h"
#include "query/engine/context.h"
#include "query/engine/grid.h"

namespace trimtab::promql {

// Buffers of one worker, kept between rows. Confined to one thread.
class Scratch {
 public:
  // A buffer for the time of a scope; nodes below take others.
  template <typename Buffer>
  class Lease {
   public:
    explicit Lease(std::vector<std::unique_ptr<Buffer>>& pool) : pool_(pool) {
      if (pool_.empty()) {
        buffer_ = std::make_unique<Buffer>();
      } else {
        buffer_ = std::move(pool_.back());
        pool_.pop_back();
      }
    }
    ~Lease() { pool_.push_back(std::move(buffer_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Buffer& operator*() const { return *buffer_; }
    Buffer* operator->() const { return buffer_.get(); }

   private:
    std::vector<std::unique_ptr<Buffer>>& pool_;
    std::unique_ptr<Buffer> buffer_;
  };
  Lease<SampleBuffer> samples() { return Lease<SampleBuffer>(samples_); }
  Lease<std::vector<double>> doubles() { return Lease<std::vector<double>>(doubles_); }
  Lease<std::vector<std::size_t>> indices() { return Lease<std::vector<std::size_t>>(indices_); }

  // Counted by what reads samples, so that a trace can tell who decoded them.
  std::uint64_t samples_decoded = 0;

 private:
  std::vector<std::unique_ptr<SampleBuffer>> samples_;
  std::vector<std::unique_ptr<std::vector<double>>> doubles_;
  std::vector<std::unique_ptr<std::vector<std::size_t>>> indices_;
};

// An instant vector over a grid: rows that are computed when asked for. Thread-safe for reading: workers
// compute different rows at once, each with its own scratch. Immutable.
class RowSource {
 public:
  virtual ~RowSource() = default;
  virtual std::size_t size() const = 0;
  virtual Labels labels(std::size_t row) const = 0;
  // out.size() == the grid's columns; every cell is written.
  virtual Status compute(std::size_t row, Scratch& scratch, std::span<double> out) const = 0;
  // Known without looking: no two rows have the same labels; the same still without __name__.
  virtual bool unique() const { return false; }
  virtual bool unique_without_name() const { return false; }
};
using Rows = std::shared_ptr<const RowSource>;

// Leaves new doubles as they are: rows are written right after.
template <typename T>
struct UninitialisedAllocator : std::allocator<T> {
  template <typename U>
  struct rebind {
    using other = UninitialisedAllocator<U>;
  };
  template <typename U>
  void construct(U* place) noexcept {
    ::new (static_cast<void*>(place)) U;
  }
  template <typename U, typename... Arguments>
  void construct(U* place, Arguments&&... arguments) {
    ::new (static_cast<void*>(place)) U(std::forward<Arguments>(arguments)...);
  }
};

// Rows that are held.
class Table final : public RowSource {
 public:
  explicit Table(std::size_t columns) : columns_(columns) {}
  ~Table() override {
    if (context_ != nullptr) context_->release_cells(held_);
  }
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;
  // Counts so many rows against the query's bound until the table goes. Call once, before they are added. The
  // context lives longer than the table.
  Status hold(const Context& context, std::size_t rows, std::string_view what);
  std::size_t size() const override { return labels_.size(); }
  Labels labels(std::size_t row) const override { return labels_[row]; }
  Status compute(std::size_t row, Scratch& scratch, std::span<double> out) const override;
  bool unique() const override { return unique_; }

  std::size_t columns() const { return columns_; }
  std::span<const double> row(std::size_t index) const {
    return {values_.data() + index * columns_, columns_};
  }
  std::span<double> row(std::size_t index) { return {values_.data() + index * columns_, columns_}; }
  const Labels& row_labels(std::size_t index) const { return labels_[index]; }
  // A new row, absent everywhere.
  std::span<double> add(Labels labels);
  void add(Labels labels, std::span<const double> cells);
  // That many rows to be written by their index, each by one thread at a time: cells and labels.
  void resize(std::size_t rows);
  void set_labels(std::size_t row, Labels labels) { labels_[row] = std::move(labels); }
  // Drops the rows that are not to be kept; keep.size() == size().
  void keep_rows(std::span<const std::uint8_t> keep);
  void set_unique() { unique_ = true; }

 private:
  std::size_t columns_;
  std::vector<Labels> labels_;
  std::vector<double, UninitialisedAllocator<double>> values_;
  bool unique_ = false;
  const Context* context_ = nullptr;
  std::size_t held_ = 0;
};

// All rows of a source that hold anything; a Table is returned as it is. Computes in parallel.
Result<std::shared_ptr<const Table>> materialise(const Rows& rows, const Grid& grid, const Context& context,
                                                 std::string_view what);

// What becomes of rows with equal labels (after a name was dropped): kMerge joins them where no step has
// more than one of them, kRefuse takes any two non-empty ones as an error, as Prometheus does for
// functions of ranges.
enum class Duplicates { kMerge, kRefuse };
Result<Rows> without_duplicates(
    Rows rows, const Grid& grid, Duplicates duplicates, const Context& context,
    std::string_view message = "vector cannot contain metrics with the same labelset");

// Rows of another source, changed in place by `apply`.
struct RowMap {
  std::function<void(std::span<double>)> apply;
  bool drop_name = true;
};
Rows map_rows(Rows rows, RowMap map);

// Calls work(block, scratch) once for every block in [0, blocks) on the query's threads and
// done(block) in rising order of blocks on whichever thread finished the block that was missing (never two
// at once), so that results combine in the same order at any thread count. At most a few blocks per thread
// wait for their turn. Ends with the first error.
Status for_blocks(std::size_t blocks, const Context& context,
                  const std::function<Status(std::size_t block, Scratch& scratch)>& work,
                  const std::function<Status(std::size_t block)>& done);

}  // namespace trimtab::promql
