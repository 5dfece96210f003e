// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/correlate/counting.h"
#include "kernels/correlate/sign_dependence.h"

// What else changed in this window? Every row of a block of series is held against its own past.
namespace trimtab::kernels {

// Series of the same columns (cells of time), one after the other. NaN and infinities are no value.
struct RowBlock {
  std::span<const double> values;  // rows * columns
  std::size_t columns = 0;
  std::size_t rows() const { return columns == 0 ? 0 : values.size() / columns; }
};

// The window is columns [begin, end), its reference the columns before begin. end <= columns; what is behind
// the window is not looked at.
struct ColumnWindow {
  std::size_t begin = 0, end = 0;
};

enum class ChangeDirection : std::uint8_t { kNone, kUp, kDown };
// What speaks for a change: the values, or how they move from one to the next (jitter, oscillation,
// freezing).
enum class ChangeEvidence : std::uint8_t { kLevels, kDifferences };

struct RowChange {
  bool judged = false;  // enough values on both sides; else everything but the counts is as it stands here
  std::uint32_t reference_count = 0, window_count = 0;  // values
  double reference_median = 0, window_median = 0;
  double shift = 0;  // of the median, in robust standard deviations of the reference (MAD, scale_floor)
  // Two-sample Kolmogorov-Smirnov on levels and on first differences, with the effective counts.
  double level_statistic = 0, level_probability = 1;
  double difference_statistic = 0, difference_probability = 1;
  double effective_reference = 0, effective_window = 0;  // of the levels
  double probability = 1;                                // of the row: twice the smaller of both, at most 1
  ChangeEvidence evidence = ChangeEvidence::kLevels;     // that of the smaller probability
  ChangeDirection direction = ChangeDirection::kNone;  // of the levels where their distributions differ most
  std::uint32_t onset = 0;  // column where the evidence begins; may lie before the window
};

struct ChangedRowsWorkspace {
  std::vector<double> values;                      // differences or deviations by column
  std::vector<double> reference, window, scratch;  // without gaps
  std::vector<std::uint32_t> counts;
  Keys reference_keys, window_keys;
  CountingScratch counting;
  SignBits signs;
};

// Fills out[r] from row r alone, so a caller may split the rows over threads, each with its own workspace,
// and gets the same. Per row: Kolmogorov-Smirnov statistics of levels and first differences between window
// and reference; their probabilities for the effective numbers of independent values (effective_counts, from
// the reference, so that red noise does not look like change); the shift of the median; the onset: the start
// of the largest excess of values beyond the most telling value (Page 1954, CUSUM of signs) in the window or
// as many columns before it. Statistics, probabilities, direction and onset do not change with shift and
// positive scale of a row up to rounding; nor does `shift` while the MAD is above its floor.
// A row with fewer than kReferenceValuesMin or kWindowValuesMin values is not judged.
// Requires: out.size() == block.rows(), begin <= end <= columns, values a whole number of rows. Allocates
// only while the workspace grows. Ranks are counted (counting.h) where that is cheaper than sorting: values
// closer than 1e-7 of their distance from the row's middle value count as equal. Cost: 9 to 15 us for 600
// columns with a window of 60, on a busy core.
void scan_changed_rows(const RowBlock& block, const ColumnWindow& window, std::span<RowChange> out,
                       ChangedRowsWorkspace& workspace);

// Rows (indices into `changes`) that pass the Benjamini-Hochberg rule at this rate over all judged rows, the
// largest |shift| first; then the larger statistic, the smaller probability, the smaller index. Among what is
// told as changed at most this share is expected to be chance (independent or positively dependent rows).
// Requires 0 < rate < 1. Cost: O(rows + k log k).
std::vector<std::size_t> rank_changed_rows(std::span<const RowChange> changes, double false_discovery_rate);

inline constexpr std::size_t kReferenceValuesMin = 20;
inline constexpr std::size_t kWindowValuesMin = 5;

}  // namespace trimtab::kernels
