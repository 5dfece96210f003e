// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/result.h"
#include "base/time.h"
#include "query/ast.h"
#include "store/store.h"

namespace trimtab::promql {

// Named bounds of one query. Each refusal says which bound, its value and how to ask for less.
struct QueryLimits {
  std::uint64_t samples_max = 100'000'000;      // decoded from the store
  std::uint64_t cells_max = 50'000'000;         // result cells held at once, and by any one stage
  std::uint64_t series_max = 1'000'000;         // selected by the query
  std::uint64_t steps_max = 11'000;             // of the outermost window, as in Prometheus
  std::uint64_t subquery_steps_max = 1'000'000; // of one subquery
  DurationMs timeout_ms = 2 * kMinuteMs;
};

// The times a query is asked for: start, start + step, ... <= end. An instant query has start == end.
struct QueryWindow {
  TimestampMs start_ms = 0;
  TimestampMs end_ms = 0;
  DurationMs step_ms = 0;  // > 0 in a range query
  bool instant = true;
  static QueryWindow at(TimestampMs time_ms) { return {time_ms, time_ms, 0, true}; }
  static QueryWindow over(TimestampMs start_ms, TimestampMs end_ms, DurationMs step_ms) {
    return {start_ms, end_ms, step_ms, false};
  }
};

struct QueryOptions {
  DurationMs lookback_ms = 5 * kMinuteMs;       // how old a sample may be and still answer, window left-open
  DurationMs subquery_step_ms = kMinuteMs;      // for "[1h:]"
  QueryLimits limits;
  unsigned threads = 1;                         // workers for one query; the answer does not depend on it
  bool trace = false;
  const std::atomic<bool>* cancelled = nullptr; // polled between series; the query ends with kCancelled
};

// One stage of a traced query, in order of the tree (depth 0 is the root).
struct TraceStage {
  int depth = 0;
  std::string text;           // the sub-expression
  std::uint64_t series = 0;   // rows it gave
  std::uint64_t samples = 0;  // decoded by it
  double milliseconds = 0;    // inclusive
};

struct QueryStats {
  std::uint64_t series_selected = 0;
  std::uint64_t samples_decoded = 0;
};

// What a query gave. Which members hold something depends on `type`:
//   kScalar            one row without labels
//   kVector (instant)  one row a series, one column
//   kMatrix            a range query: one row a series, `columns` cells each
//                      an instant query of a range selector: `ragged`, one a label set, with its own times
//   kString            `text`, at start_ms
// Column c stands for start_ms + c * step_ms. A cell with the bits kStaleNanBits is absent; any other
// double, NaN included, is a value. Rows without any cell present are left out.
struct Answer {
  ValueType type = ValueType::kNone;
  TimestampMs start_ms = 0;
  DurationMs step_ms = 0;
  std::size_t columns = 0;
  std::vector<Labels> labels;
  std::vector<double> values;  // row-major
  std::vector<SampleBuffer> ragged;
  std::string text;
  std::vector<std::string> warnings;  // "PromQL warning: ..." with line:column
  std::vector<std::string> infos;     // "PromQL info: ..."
  QueryStats stats;
  std::vector<TraceStage> trace;      // when asked for

  std::size_t rows() const { return labels.size(); }
  std::span<const double> row(std::size_t index) const { return {values.data() + index * columns, columns}; }
};

// Runs a parsed query over a store. Range queries: the expression must be a scalar or an instant vector.
// Vector rows of an instant query stand in the order sort() and topk() gave, else sorted by labels; matrix
// rows are sorted by labels. Errors: kInvalid (the query can not be answered: many-to-many matching, bad
// quantile string...), kLimit (a bound of QueryLimits), kCancelled, kTimeout, and what the store says.
// Thread-safe: any number of queries at once over one store.
Result<Answer> run(Store& store, const Expr& expr, const QueryWindow& window, const QueryOptions& options = {});

// parse() and run().
Result<Answer> run(Store& store, std::string_view query, const QueryWindow& window, const QueryOptions& options = {});

}  // namespace trimtab::promql
