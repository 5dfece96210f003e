// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "query/ast.h"
#include "query/engine/rows.h"
#include "query/engine/selector.h"
#include "query/functions.h"

namespace trimtab::promql {

// The windows of a range function: at column c the samples in (end(c) - range, end(c)].
struct Windows {
  Lookup lookup;
  DurationMs range_ms = 0;
  const Context* context = nullptr;  // whose end also ends long rows
  TimestampMs evaluated_at(std::size_t column) const { return lookup.grid.at(column); }
  TimestampMs end(std::size_t column) const { return lookup.at(column); }
  TimestampMs start(std::size_t column) const { return lookup.at(column) - range_ms; }
};

// Calls cell(column, from, to) for each column: the window's samples are [from, to). Both only rise, so a
// row costs its samples plus its columns, whatever the length of the windows. Some cells cost their window,
// so a query that should end is looked for each so many samples; its rows are then left unfinished, for
// WindowRows to refuse.
template <typename Cell>
void for_each_window(const Windows& windows, std::span<const TimestampMs> times, std::size_t columns,
                     Cell&& cell) {
  constexpr std::size_t kSamplesPerPoll = 1 << 20;
  std::size_t seen = 0;
  std::size_t from = 0;
  std::size_t to = 0;
  for (std::size_t c = 0; c < columns; ++c) {
    const TimestampMs end = windows.end(c);
    const TimestampMs start = end - windows.range_ms;
    while (to < times.size() && times[to] <= end) ++to;
    while (from < to && times[from] <= start) ++from;
    cell(c, from, to);
    seen += to - from;
    if (seen > kSamplesPerPoll) {
      seen = 0;
      if (windows.context != nullptr && !windows.context->check()) return;
    }
  }
}

// One range function over one series. Stateless: any thread.
class WindowFunction {
 public:
  virtual ~WindowFunction() = default;
  // Writes every cell of `out`; cells of windows without an answer are absent.
  virtual void run(const Windows& windows, const SampleBuffer& samples, Scratch& scratch,
                   std::span<double> out) const = 0;
};

// `scalars`: the scalar arguments in order, one value a column each.
// Requires: `id` is a function of a range vector other than absent_over_time.
std::unique_ptr<WindowFunction> window_function(FunctionId id, std::vector<std::vector<double>> scalars);

}  // namespace trimtab::promql
