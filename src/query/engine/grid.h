// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <span>

#include "base/time.h"
#include "store/store.h"

namespace trimtab::promql {

// The evaluation times of one node: start, start + step, ... `columns` of them. step 0 with one column.
struct Grid {
  TimestampMs start_ms = 0;
  DurationMs step_ms = 0;
  std::size_t columns = 1;

  TimestampMs at(std::size_t column) const { return start_ms + static_cast<DurationMs>(column) * step_ms; }
  TimestampMs last() const { return at(columns - 1); }
  friend bool operator==(const Grid&, const Grid&) = default;
};

// Rows are dense; a cell with these bits holds nothing: a quiet NaN with a payload of its own. The stale
// marker would do as well but for the compiler, which may quiet a signalling NaN wherever it folds constants.
// A stored sample with exactly these bits is read as the plain NaN it is to anyone (from_store), so that no
// value is lost; answers turn these cells into stale markers (engine.h).
inline constexpr std::uint64_t kNoValueBits = 0x7ff800006e6f6e65;
inline constexpr double kNoValue = std::bit_cast<double>(kNoValueBits);
inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kInf = std::numeric_limits<double>::infinity();
inline bool present(double cell) { return std::bit_cast<std::uint64_t>(cell) != kNoValueBits; }
inline double from_store(double value) { return present(value) ? value : kNaN; }
inline bool any_present(std::span<const double> row) { return std::any_of(row.begin(), row.end(), present); }
inline void fill_absent(std::span<double> row) { std::fill(row.begin(), row.end(), kNoValue); }

}  // namespace trimtab::promql
