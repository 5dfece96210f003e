// SPDX-License-Identifier: Apache-2.0
#include "analyze/limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

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

// What the forecast pool says about the limit, up to a horizon that it was tried on.
struct PoolVerdict {
  bool spoke = false;
  double horizon_cells = 0;
  double probability = 0;                            // of reaching the limit within it
  std::optional<double> expected, earliest, latest;  // cells from now
  std::string members;                               // the strongest of the pool, in words
  std::size_t origins = 0;
};

// Means of `width` cells, counted from the end; scratch.coarse receives them.
void coarsen_from_end(std::span<const double> values, std::size_t width, std::vector<double>& out) {
  out.clear();
  for (std::size_t from = values.size() % width; from < values.size(); from += width) {
    double sum = 0;
    double count = 0;
    for (const double value : values.subspan(from, width)) {
      if (std::isnan(value)) continue;
      sum += value;
      ++count;
    }
    out.push_back(count > 0 ? sum / count : std::nan(""));
  }
}

// What the pool is asked about: scratch.coarse, means of `width` cells; width 0: too little is known, or no
// width that the seasons are whole numbers of.
struct PoolPlan {
  std::size_t width = 0;
  kernels::ForecastOptions forecast;
};

PoolPlan plan_pool(const Cells& cells, std::span<const double> used, const LimitOptions& options,
                   LimitScratch& scratch) {
  PoolPlan plan;
  std::size_t width = (used.size() + kForecastCellsMax - 1) / kForecastCellsMax;
  // A season must be a whole number of coarse cells.
  const auto divides = [&](std::size_t candidate) {
    return std::all_of(options.season_ms.begin(), options.season_ms.end(), [&](std::uint32_t season_ms) {
      const DurationMs coarse_ms = static_cast<DurationMs>(candidate) * cells.step_ms;
      return season_ms == 0 || season_ms < 4 * coarse_ms || season_ms % coarse_ms == 0;
    });
  };
  const std::size_t widest = 4 * width;
  while (width < widest && !divides(width)) ++width;
  coarsen_from_end(used, width, scratch.coarse);
  if (scratch.coarse.size() < kForecastCellsMin || !divides(width)) return plan;
  plan.width = width;
  plan.forecast.horizon = scratch.coarse.size() / kForecastHistoryPart;
  std::size_t kept = 0;
  for (const std::uint32_t season_ms : options.season_ms) {
    const DurationMs coarse_ms = static_cast<DurationMs>(width) * cells.step_ms;
    if (season_ms >= 4 * coarse_ms && kept < plan.forecast.periods.size())
      plan.forecast.periods[kept++] = static_cast<std::size_t>(season_ms / coarse_ms);
  }
  if (kept == 2 && plan.forecast.periods[0] > plan.forecast.periods[1])
    std::swap(plan.forecast.periods[0], plan.forecast.periods[1]);
  return plan;
}

PoolVerdict ask_pool(const Cells& cells, std::span<const double> used, const LimitOptions& options,
                     LimitScratch& scratch) {
  PoolVerdict verdict;
  const auto [width, forecast] = plan_pool(cells, used, options, scratch);
  if (width == 0) return verdict;
  kernels::forecast(scratch.coarse, forecast, scratch.forecasting, scratch.forecast);
  if (scratch.forecast.origins == 0) return verdict;
  const kernels::Exhaustion reached =
      kernels::exhaustion_of(scratch.forecast, options.limit, kernels::LimitSide::kUpper);
  const auto in_cells = [each = width](const std::optional<std::size_t>& step) -> std::optional<double> {
    if (!step) return std::nullopt;
    return static_cast<double>(*step * each);
  };
  verdict.spoke = true;
  verdict.horizon_cells = static_cast<double>(forecast.horizon * width);
  verdict.probability = reached.reached_by.back();
  verdict.expected = in_cells(reached.expected);
  verdict.earliest = in_cells(reached.earliest);
  verdict.latest = in_cells(reached.latest);
  verdict.origins = scratch.forecast.origins;
  for (const kernels::ForecastShare& share : scratch.forecast.members) {
    if (share.weight < 0.1 || verdict.members.size() > 80) break;
    verdict.members +=
        fmt::format("{}{} {:.0f} %", verdict.members.empty() ? "" : ", ", share.name, 100 * share.weight);
  }
  return verdict;
}

DurationMs horizon_of(const Cells& cells, const LimitOptions& options) {
  const DurationMs history_ms = static_cast<DurationMs>(cells.count) * cells.step_ms;
  return std::min(options.horizon_ms,
                  static_cast<DurationMs>(kForecastPerHistory * static_cast<double>(history_ms)));
}

// What the stated driver says. True: it decided. `note` gets why a driver was left out.
bool find_driven(const Cells& cells, std::span<const double> raw, bool rising, const LimitOptions& options,
                 LimitScratch& scratch, LimitState& state, std::string& note) {
  const PoolPlan plan = plan_pool(cells, raw, options, scratch);
  if (plan.width == 0) {
    note = left_out_words(*options.driver, kernels::DriverUse::kTooShort);
    return false;
  }
  DrivenQuestion question{.amount = scratch.coarse, .limit = options.limit, .forecast = plan.forecast};
  question.cells.step_ms = static_cast<DurationMs>(plan.width) * cells.step_ms;
  question.cells.count = scratch.coarse.size();
  question.cells.first_end_ms =
      cells.end(cells.count - 1) - static_cast<DurationMs>(question.cells.count - 1) * question.cells.step_ms;
  question.horizon = static_cast<std::size_t>(horizon_of(cells, options) / question.cells.step_ms);
  question.rising = rising;
  const DrivenAnswer answer =
      ask_driver(*options.driver, question, scratch.driven, scratch.forecasting, scratch.trend);
  if (!answer.asked) return false;
  if (answer.use != kernels::DriverUse::kUsed) {
    note = left_out_words(*options.driver, answer.use);
    return false;
  }
  if (!answer.expected) return true;
  Exhaustion exhaustion;
  exhaustion.limit = options.limit;
  exhaustion.limit_source = options.limit_source;
  exhaustion.probability = answer.probability;
  exhaustion.horizon_ms = horizon_of(cells, options);
  exhaustion.expected_ms = moment(answer.expected, question.cells);
  exhaustion.earliest_ms = moment(answer.earliest, question.cells);
  exhaustion.latest_ms = moment(answer.latest, question.cells);
  state.exhaustion = exhaustion;
  state.method = "driver_first_passage";
  state.statistic = answer.words;
  return true;
}

void find_exhaustion(const Cells& cells, std::span<const double> raw, const LimitOptions& options,
                     LimitScratch& scratch, LimitState& state) {
  const DurationMs history_ms = static_cast<DurationMs>(cells.count) * cells.step_ms;
  if (history_ms < kTrendHistoryMin) return;
  const std::span<const double> all = scratch.used;
  const kernels::Trend whole = kernels::fit_trend(all, scratch.trend);
  kernels::Trend late;
  bool rising = whole.slope > 0 && whole.probability < kTrendProbabilityMax;
  if (rising) late = kernels::fit_trend(all.subspan(all.size() - all.size() / 3), scratch.trend);
  // A cache that fills up rises clearly, late too, and still never gets there.
  rising = rising && clear_trend(whole, late) &&
           kernels::find_leak(all, {}, scratch.leak).kind != kernels::LeakKind::kSaturating;
  std::string note;
  if (options.driver != nullptr && find_driven(cells, raw, rising, options, scratch, state, note)) return;
  if (!rising) return;
  const DurationMs horizon_ms = horizon_of(cells, options);
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
  const kernels::FirstPassage line = kernels::first_passage(approach, horizon);
  state.slope_per_day = late.slope * static_cast<double>(kDayMs) / static_cast<double>(cells.step_ms);
  const PoolVerdict pool = ask_pool(cells, raw, options, scratch);
  const bool pool_speaks = pool.spoke && pool.expected && pool.horizon_cells <= horizon;
  if (!pool_speaks) {
    if (line.probability < kExhaustionProbabilityMin) return;
    const bool long_there = line.expected && *line.expected <= 0.5 * pool.horizon_cells;
    if (pool.spoke && long_there && pool.probability < kContradictionMax) return;
  }
  Exhaustion exhaustion;
  exhaustion.limit = options.limit;
  exhaustion.limit_source = options.limit_source;
  exhaustion.probability = pool_speaks ? std::max(pool.probability, line.probability) : line.probability;
  exhaustion.horizon_ms = horizon_ms;
  exhaustion.expected_ms = moment(pool_speaks ? pool.expected : line.expected, cells);
  exhaustion.earliest_ms = moment(pool_speaks ? pool.earliest : line.earliest, cells);
  // Beyond the pool's horizon the line may know.
  exhaustion.latest_ms = moment(pool_speaks && pool.latest ? pool.latest : line.latest, cells);
  if (exhaustion.latest_ms && exhaustion.latest_ms < exhaustion.expected_ms) exhaustion.latest_ms.reset();
  state.exhaustion = exhaustion;
  const std::string trend = fmt::format("Theil-Sen slope {} per day, Mann-Kendall p = {}, over {}",
                                        format_number(state.slope_per_day),
                                        format_number(std::max({whole.probability, late.probability, 1e-12})),
                                        format_duration_human(history_ms));
  const auto pool_ms = static_cast<DurationMs>(pool.horizon_cells * static_cast<double>(cells.step_ms));
  if (pool_speaks) {
    state.method = "forecast_first_passage";
    state.statistic = fmt::format(
        "a pool of forecasts ({}), tried at {} moments of its past, reaches it within {} "
        "with probability {}; {}",
        pool.members, pool.origins, format_duration_human(pool_ms),
        format_with_unit(pool.probability, "ratio"), trend);
  } else {
    state.method = "theil_sen_first_passage";
    state.statistic = trend;
    if (pool.spoke) {
      state.statistic += fmt::format(
          "; carried on as a line, as it is further off than the {} that forecasts could "
          "be tried on",
          format_duration_human(pool_ms));
    }
  }
  if (!note.empty()) state.statistic += "; " + note;
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

  scratch.raw = scratch.used;
  const double sign = options.free_amount ? -1 : 1;
  for (std::size_t i = 0; i < season.size() && i < scratch.used.size(); ++i)
    scratch.used[i] -= sign * season[i];
  if (state->share < 1) find_exhaustion(cells, scratch.raw, options, scratch, *state);
  if (!state->saturated && !state->exhaustion) return nullptr;
  if (state->statistic.empty()) {
    state->method = "saturation";
    state->statistic =
        fmt::format("{} of its limit, and at or above {} for {} of the known time",
                    format_with_unit(state->share, "ratio"), format_with_unit(options.saturation_at, "ratio"),
                    format_with_unit(state->saturated_share, "ratio"));
  }
  return state;
}

}  // namespace trimtab::analyze
