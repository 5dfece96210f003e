// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "estate/estate.h"
#include "kernels/resample.h"
#include "query/querier.h"
#include "store/store.h"

namespace trimtab::analyze {

// A driver of the estate and how it was.
struct DriverHistory {
  const GrowthDriver* declared = nullptr;  // the estate's
  SampleBuffer past{};
};

struct DriverHistories {
  std::vector<DriverHistory> drivers;  // those that could be computed, in the estate's order
  std::vector<std::string> errors;     // of the others
};

// Evaluates the drivers' queries over [at - history, at], at most kDriverColumnsMax values each. Errors:
// kCancelled only.
Result<DriverHistories> read_drivers_history(promql::Querier& querier, const Estate& estate,
                                             TimestampMs at_ms, DurationMs history_ms,
                                             const std::atomic<bool>* cancelled);

// The first that drives this limit; null: none.
const DriverHistory* driver_of(std::span<const DriverHistory> drivers, const EntityRef& entity,
                               std::string_view metric);

// What is planned for `horizon` cells after the given ones, whose last is now. past: its values in those
// cells. It starts from its mean over the last `season` cells (0 or 1: its last value) and swings around the
// plan as it did in them. Empty when it has no value there.
std::vector<double> planned_future(const GrowthDriver& driver, const kernels::Cells& cells,
                                   std::span<const double> past, std::size_t season, std::size_t horizon);

inline constexpr std::size_t kDriverColumnsMax = 2048;

}  // namespace trimtab::analyze
