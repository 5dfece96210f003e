// SPDX-License-Identifier: Apache-2.0
#include "analyze/limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/format.h"
#include "kernels/first_passage.h"
#include "kernels/quantile.h"

namespace trimtab::analyze {
namespace {

using kernels::Cells;

double median_of(std::span<const double> values, std::vector<double>& scratch) {
  scratch.clear();
  for (const double value : values) {
    if (!std::isnan(value)) scratch.push_back(value);
  }
  return scratch.empty() ? std::nan("") : kernels::median_in_place(scratch);
}

void find_saturation(const Cells& cells, const LimitOptions& options, std::vector<double>& used,
                     LimitState& state) {
  const double bar = options.saturation_at * options.limit;
  std::size_t present = 0;
  std::size_t above = 0;
  for (const double value : used) {
    present += !std::isnan(value);
    above += value >= bar;
  }
  state.saturated_share = static_cast<double>(above) / static_cast<double>(std::max<std::size_t>(1, present));
  state.always = above == present;
  // Back from now to the last time that it was clearly below: two cells in a row.
  std::size_t since = used.size();
  std::size_t below = 0;
  for (std::size_t i = used.size(); i-- > 0 && below < 2;) {
    if (std::isnan(used[i])) continue;
    below = used[i] >= bar ? 0 : below + 1;
    if (below == 0) since = i;
  }
  state.since_ms = cells.end(std::min(since, used.size() - 1)) - cells.step_ms;
}

std::optional<TimestampMs> moment(const std::optional<double>& cells_ahead, const Cells& cells) {
  if (!cells_ahead) return std::nullopt;
  return cells.end(cells.count - 1) +
         static_cast<DurationMs>(*cells_ahead * static_cast<double>(cells.step_ms));
}

// The trend of the newer of the two spans agrees with the whole: a change of course ends an old trend.
bool clear_trend(const kernels::Trend& whole, const kernels::Trend& late) {
  return whole.probability < kTrendProbabilityMax && late.probability < kTrendProbabilityMax &&
         whole.slope * late.slope > 0;
}

void find_exhaustion(const Cells& cells, const LimitOptions& options, LimitScratch& scratch,
                     LimitState& state) {
  const DurationMs history_ms = static_cast<DurationMs>(cells.count) * cells.step_ms;
  if (history_ms < kTrendHistoryMin) return;
  const std::span<const double> all = scratch.used;
  const kernels::Trend whole = kernels::fit_trend(all, scratch.trend);
  if (whole.slope <= 0 || whole.probability >= kTrendProbabilityMax) return;
  const kernels::Trend late = kernels::fit_trend(all.subspan(all.size() - all.size() / 3), scratch.trend);
  if (!clear_trend(whole, late)) return;
  // A cache that fills up rises clearly, late too, and still never gets there.
  if (kernels::find_leak(all, {}, scratch.leak).kind == kernels::LeakKind::kSaturating) return;
  const DurationMs horizon_ms = std::min(
      options.horizon_ms, static_cast<DurationMs>(kForecastPerHistory * static_cast<double>(history_ms)));
  const double horizon = static_cast<double>(horizon_ms) / static_cast<double>(cells.step_ms);
  // The faster of the two estimates may be a passing burst, the slower one out of date: the interval holds
  // both.
  kernels::Approach approach;
  approach.level = late.level_now;
  approach.spread = std::max(whole.spread, late.spread);
  approach.slope = late.slope;
  approach.slope_low = std::min(late.slope_low, whole.slope_low);
  approach.slope_high = std::max(late.slope_high, whole.slope_high);
  approach.limit = options.limit;
  const kernels::FirstPassage passage = kernels::first_passage(approach, horizon);
  state.slope_per_day = late.slope * static_cast<double>(kDayMs) / static_cast<double>(cells.step_ms);
  if (passage.probability < kExhaustionProbabilityMin) return;
  Exhaustion exhaustion;
  exhaustion.limit = options.limit;
  exhaustion.limit_source = options.limit_source;
  exhaustion.probability = passage.probability;
  exhaustion.horizon_ms = horizon_ms;
  exhaustion.expected_ms = moment(passage.expected, cells);
  exhaustion.earliest_ms = moment(passage.earliest, cells);
  exhaustion.latest_ms = moment(passage.latest, cells);
  state.exhaustion = exhaustion;
  state.statistic = fmt::format("Theil-Sen slope {} per day, Mann-Kendall p = {}, over {}",
                                format_number(state.slope_per_day),
                                format_number(std::max({whole.probability, late.probability, 1e-12})),
                                format_duration_human(history_ms));
}

}  // namespace

std::unique_ptr<LimitState> judge_limit(const Cells& cells, std::span<const double> values,
                                        std::span<const double> season, const LimitOptions& options,
                                        LimitScratch& scratch) {
  if (!(options.limit > 0) || !std::isfinite(options.limit) || values.size() < kLimitCellsMin) return nullptr;
  auto state = std::make_unique<LimitState>();
  state->limit = options.limit;
  scratch.used.assign(values.begin(), values.end());
  if (options.free_amount) {
    for (double& value : scratch.used) value = options.limit - value;
  }
  const std::size_t window = std::min(options.window_cells, scratch.used.size());
  state->now = median_of(std::span(scratch.used).last(window), scratch.smooth);
  state->usual = median_of(scratch.used, scratch.smooth);
  if (std::isnan(state->now)) return nullptr;
  state->share = state->now / options.limit;
  state->saturated = state->share >= options.saturation_at;
  if (state->saturated) find_saturation(cells, options, scratch.used, *state);

  const double sign = options.free_amount ? -1 : 1;
  for (std::size_t i = 0; i < season.size() && i < scratch.used.size(); ++i)
    scratch.used[i] -= sign * season[i];
  if (state->share < 1) find_exhaustion(cells, options, scratch, *state);
  if (!state->saturated && !state->exhaustion) return nullptr;
  if (state->statistic.empty()) {
    state->statistic =
        fmt::format("{} of its limit, and at or above {} for {} of the known time",
                    format_with_unit(state->share, "ratio"), format_with_unit(options.saturation_at, "ratio"),
                    format_with_unit(state->saturated_share, "ratio"));
  }
  return state;
}

}  // namespace trimtab::analyze
