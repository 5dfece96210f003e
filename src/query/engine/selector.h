// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "query/engine/context.h"
#include "query/engine/rows.h"

namespace trimtab::promql {

// Where each step of a grid looks: at the step's time, or at one anchor, shifted by the offset.
struct Lookup {
  Grid grid;
  std::optional<TimestampMs> anchor;  // "@"
  DurationMs offset_ms = 0;

  Lookup(const Grid& grid_in, const TimeShift& shift, const QueryWindow& window);
  TimestampMs at(std::size_t column) const { return (anchor ? *anchor : grid.at(column)) - offset_ms; }
  TimestampMs first() const { return at(0); }
  TimestampMs last() const { return at(grid.columns - 1); }
};

// Series of raw samples: what a range function looks at. Thread-safe like RowSource.
class SampleSource {
 public:
  virtual ~SampleSource() = default;
  virtual std::size_t size() const = 0;
  virtual Labels labels(std::size_t row) const = 0;
  // Without stale markers.
  virtual Status read(std::size_t row, Scratch& scratch, SampleBuffer& out) const = 0;
  virtual bool unique_without_name() const { return false; }
  virtual bool unique() const { return false; }
  // The one metric name of all series, where the selector fixes it.
  virtual std::optional<std::string> metric() const { return std::nullopt; }
};

enum class SelectorValue { kSample, kTimestamp };

// The newest sample of each series at most a look-back old, or its time in seconds.
Result<Rows> select_instant(Store& store, const VectorSelector& selector, const Grid& grid,
                            SelectorValue value, const Context& context);
// The samples that the windows (t - range, t] of the grid need.
Result<std::shared_ptr<const SampleSource>> select_samples(Store& store, const MatrixSelector& selector,
                                                           const Grid& grid, const Context& context);
// Rows of a finer grid as samples: a subquery.
std::shared_ptr<const SampleSource> samples_of_rows(Rows rows, const Grid& grid, const Context& context);

}  // namespace trimtab::promql
