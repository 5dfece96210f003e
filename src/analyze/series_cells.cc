// SPDX-License-Identifier: Apache-2.0
#include "analyze/series_cells.h"

#include <algorithm>
#include <array>

namespace trimtab::analyze {
namespace {

constexpr std::array<DurationMs, 22> kSteps{
    kSecondMs,      2 * kSecondMs,  5 * kSecondMs,  10 * kSecondMs, 15 * kSecondMs, 20 * kSecondMs,
    30 * kSecondMs, kMinuteMs,      2 * kMinuteMs,  3 * kMinuteMs,  5 * kMinuteMs,  10 * kMinuteMs,
    15 * kMinuteMs, 20 * kMinuteMs, 30 * kMinuteMs, kHourMs,        2 * kHourMs,    3 * kHourMs,
    4 * kHourMs,    6 * kHourMs,    12 * kHourMs,   kDayMs};

// The first round step that is not shorter; scrape jitter of 2 % does not count.
DurationMs round_up(DurationMs wanted) {
  for (const DurationMs step : kSteps) {
    if (step + step / 50 >= wanted) return step;
  }
  return (wanted + kDayMs - 1) / kDayMs * kDayMs;
}

}  // namespace

SeriesFacts look_at(const SampleBuffer& samples) {
  SeriesFacts facts;
  facts.samples = samples.size();
  if (facts.samples == 0) return facts;
  facts.first_ms = samples.timestamps_ms.front();
  facts.last_ms = samples.timestamps_ms.back();
  constexpr std::size_t kLookedAt = 255;
  std::array<DurationMs, kLookedAt> distances;
  const std::size_t pairs = facts.samples - 1;
  const std::size_t count = std::min(pairs, kLookedAt);
  if (count == 0) return facts;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t pair = i * pairs / count;
    distances[i] = samples.timestamps_ms[pair + 1] - samples.timestamps_ms[pair];
  }
  const auto middle = distances.begin() + static_cast<std::ptrdiff_t>(count / 2);
  std::nth_element(distances.begin(), middle, distances.begin() + static_cast<std::ptrdiff_t>(count));
  facts.interval_ms = *middle;
  return facts;
}

kernels::Cells choose_cells(const SeriesFacts& facts, const CellOptions& options) {
  const DurationMs span_ms = std::max<DurationMs>(1, options.at_ms - facts.first_ms);
  const auto columns_max = static_cast<DurationMs>(std::max<std::size_t>(1, options.columns_max));
  const DurationMs fitting_ms = (span_ms + columns_max - 1) / columns_max;
  const DurationMs step_ms = options.step_ms > 0
                                 ? std::max(options.step_ms, fitting_ms)
                                 : round_up(std::max({facts.interval_ms, fitting_ms, kSecondMs}));
  kernels::Cells cells;
  cells.step_ms = step_ms;
  cells.count = static_cast<std::size_t>((span_ms + step_ms - 1) / step_ms);
  if (options.at_ms - static_cast<DurationMs>(cells.count) * step_ms >= facts.first_ms) ++cells.count;
  cells.first_end_ms = options.at_ms - static_cast<DurationMs>(cells.count - 1) * step_ms;
  return cells;
}

bool is_stale(const SeriesFacts& facts, TimestampMs at_ms) {
  return facts.last_ms < at_ms - std::max(5 * facts.interval_ms, 10 * kMinuteMs);
}

}  // namespace trimtab::analyze
