// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "query/engine.h"

namespace trimtab::promql {

// What all nodes of one running query share: its bounds, deadline, counters and annotations.
// Thread-safe.
class Context {
 public:
  // `text` is the query where it is known; it turns offsets into line:column.
  Context(const QueryWindow& window, const QueryOptions& options, std::string_view text);

  const QueryWindow& window() const { return window_; }
  const QueryOptions& options() const { return options_; }
  const QueryLimits& limits() const { return options_.limits; }

  // kCancelled or kTimeout once the query should end. Cheap enough for every row.
  Status check() const;
  // kLimit when rows x columns cells are more than one stage may hold.
  Status check_cells(std::size_t rows, std::size_t columns, std::string_view what) const;
  // The same over all stages: cells that tables hold at this moment. release() gives them back.
  Status hold_cells(std::size_t rows, std::size_t columns, std::string_view what) const;
  void release_cells(std::size_t cells) const { held_cells_.fetch_sub(cells, std::memory_order_relaxed); }
  Status count_samples(std::uint64_t samples) const;
  Status count_series(std::uint64_t series) const;
  QueryStats stats() const;

  void warn(std::string_view message, Span span) const;
  void inform(std::string_view message, Span span) const;
  std::vector<std::string> warnings() const;
  std::vector<std::string> infos() const;
  std::string place(Span span) const;  // "line:column"

  // Different messages kept of each kind; the rest are dropped, as the first ones say what is wrong.
  static constexpr std::size_t kAnnotationsMax = 100;

 private:
  void keep(std::set<std::string>& where, std::string message) const;

  const QueryWindow window_;
  const QueryOptions& options_;
  const std::string_view text_;
  SystemClock clock_;
  std::int64_t deadline_ns_ = 0;
  mutable std::atomic<std::uint64_t> samples_{0};
  mutable std::atomic<std::uint64_t> series_{0};
  mutable std::atomic<std::uint64_t> held_cells_{0};
  mutable std::mutex mutex_;
  mutable std::set<std::string> warnings_;
  mutable std::set<std::string> infos_;
};

}  // namespace trimtab::promql
