// SPDX-License-Identifier: Apache-2.0
#include "analyze/driven_limit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/format.h"
#include "kernels/distributions.h"
#include "kernels/forecast/exhaustion.h"
#include "kernels/quantile.h"

namespace trimtab::analyze {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr double kZ90 = 1.6449;

// The longest season that the forecast knows.
std::size_t season_of(const kernels::ForecastOptions& options, std::size_t count) {
  std::size_t season = 1;
  for (const std::size_t period : options.periods) {
    if (period > 1 && count / 2 >= 3 * period) season = period;
  }
  return season;
}

double mean_of_last(std::span<const double> values, std::size_t count) {
  double sum = 0;
  double known = 0;
  for (std::size_t i = values.size(); i-- > 0;) {
    if (values.size() - i > count && known > 0) break;
    if (!std::isfinite(values[i])) continue;
    sum += values[i];
    ++known;
  }
  return known > 0 ? sum / known : kNone;
}

struct Passage {
  double probability = 0;
  std::optional<double> expected, earliest, latest;
};

// Where the amount goes by the plan alone.
struct Line {
  double level = 0, spread = 0;
  double slope = 0, slope_error = 0;  // per cell, of its own
  double effect = 0, error = 0;
  double reference = 0;  // the driver where `level` is
};

Passage along_plan(const Line& line, const GrowthDriver& driver, const DrivenQuestion& question) {
  Passage out;
  const kernels::Cells& cells = question.cells;
  const TimestampMs now_ms = cells.end(cells.count - 1);
  for (std::size_t h = 1; h <= question.horizon; ++h) {
    const double ahead = static_cast<double>(h);
    const double way =
        driver.value_at(now_ms + static_cast<DurationMs>(h) * cells.step_ms, now_ms, line.reference) -
        line.reference;
    const double mean = line.level + line.slope * ahead + line.effect * way;
    const double error = std::hypot(std::hypot(line.spread, line.error * way), line.slope_error * ahead);
    const double margin = mean - question.limit;
    const double chance = error > 0 ? kernels::normal_tail(-margin / error) : margin >= 0 ? 1 : 0;
    out.probability = std::max(out.probability, chance);
    if (!out.earliest && out.probability >= 0.05) out.earliest = ahead;
    if (!out.expected && out.probability >= 0.5) out.expected = ahead;
    if (!out.latest && out.probability >= 0.95) out.latest = ahead;
  }
  return out;
}

// The amount without the driver's effect: its level now and its own trend.
Line line_of(const DrivenQuestion& question, std::span<const double> past, std::size_t season, double effect,
             double error, DrivenScratch& scratch, kernels::TrendScratch& trend) {
  Line line{.effect = effect, .error = error};
  const std::size_t lately = std::max<std::size_t>(season, 8);
  line.reference = mean_of_last(past, lately);
  line.level = mean_of_last(question.amount, lately);
  scratch.rest.assign(question.amount.begin(), question.amount.end());
  double known = line.reference;
  for (std::size_t i = scratch.rest.size(); i-- > 0;) {
    if (std::isfinite(past[i])) known = past[i];
    scratch.rest[i] -= effect * (known - line.reference);
  }
  scratch.sorted.clear();
  for (std::size_t i = scratch.rest.size() - std::min(scratch.rest.size(), 4 * lately);
       i < scratch.rest.size(); ++i) {
    if (std::isfinite(scratch.rest[i])) scratch.sorted.push_back(scratch.rest[i]);
  }
  if (!scratch.sorted.empty())
    line.spread = kernels::mad_in_place(scratch.sorted, kernels::median_in_place(scratch.sorted));
  const std::span<const double> rest(scratch.rest);
  const kernels::Trend whole = kernels::fit_trend(rest, trend);
  const kernels::Trend late = kernels::fit_trend(rest.subspan(rest.size() - rest.size() / 3), trend);
  if (whole.probability < kDrivenTrendProbabilityMax && late.probability < kDrivenTrendProbabilityMax &&
      whole.slope * late.slope > 0) {
    line.slope = late.slope;
    line.slope_error = (late.slope_high - late.slope_low) / (2 * kZ90);
  }
  return line;
}

}  // namespace

DrivenAnswer ask_driver(const DriverHistory& driver, const DrivenQuestion& question, DrivenScratch& scratch,
                        kernels::ForecastWorkspace& forecasting, kernels::TrendScratch& trend) {
  DrivenAnswer answer;
  const kernels::Cells& cells = question.cells;
  scratch.past.assign(cells.count, kNone);
  kernels::resample_mean(driver.past.timestamps_ms, driver.past.values, cells, scratch.past);
  const std::size_t season = season_of(question.forecast, cells.count);
  const std::vector<double> future =
      planned_future(*driver.declared, cells, scratch.past, season, question.forecast.horizon);
  if (future.empty() || !std::isfinite(mean_of_last(question.amount, 1))) {
    answer.asked = question.rising;
    return answer;
  }
  if (!question.rising) {
    const kernels::DriverSlope quick = kernels::driver_slope(question.amount, scratch.past, season);
    if (!quick.found) return answer;
    const Line line = line_of(question, scratch.past, season, quick.effect, quick.error, scratch, trend);
    if (along_plan(line, *driver.declared, question).probability < kDrivenChanceMin) return answer;
  }
  answer.asked = true;
  kernels::Forecast forecast;
  const kernels::DriverEffect effect = kernels::forecast_with_driver(
      question.amount, {.past = scratch.past, .future = future}, question.forecast, forecasting, forecast);
  answer.use = effect.use;
  if (effect.use != kernels::DriverUse::kUsed) return answer;
  const kernels::Exhaustion near =
      kernels::exhaustion_of(forecast, question.limit, kernels::LimitSide::kUpper);
  const Line line = line_of(question, scratch.past, season, effect.effect, effect.error, scratch, trend);
  const Passage far = along_plan(line, *driver.declared, question);
  const auto cells_ahead = [](const std::optional<std::size_t>& step) -> std::optional<double> {
    if (!step) return std::nullopt;
    return static_cast<double>(*step);
  };
  const bool soon = near.expected && *near.expected <= question.horizon;
  answer.probability = soon ? std::max(near.reached_by.back(), far.probability) : far.probability;
  answer.expected = soon ? cells_ahead(near.expected) : far.expected;
  answer.earliest = soon || near.earliest ? cells_ahead(near.earliest) : far.earliest;
  answer.latest = soon && near.latest ? cells_ahead(near.latest) : far.latest;
  if (answer.latest && answer.expected && *answer.latest < *answer.expected) answer.latest.reset();
  const double there = answer.expected.value_or(static_cast<double>(question.horizon));
  const TimestampMs now_ms = cells.end(cells.count - 1);
  const TimestampMs then_ms = now_ms + static_cast<DurationMs>(there * static_cast<double>(cells.step_ms));
  answer.words = fmt::format(
      "driven by \"{}\": {} for each one more (standard error {}); {} now, {} planned for then; {}",
      driver.declared->name, format_number(effect.effect), format_number(effect.error),
      format_number(line.reference),
      format_number(driver.declared->value_at(then_ms, now_ms, line.reference)),
      soon ? fmt::format("forecasts with it missed {:.0f} % less at {} moments of the past",
                         100 * (1 - effect.miss_with / effect.miss_without), forecast.origins)
           : fmt::format("carried on along the plan, with {} a day of its own",
                         format_number(line.slope * static_cast<double>(kDayMs) /
                                       static_cast<double>(cells.step_ms))));
  return answer;
}

std::string left_out_words(const DriverHistory& driver, kernels::DriverUse use) {
  using kernels::DriverUse;
  std::string_view why;
  switch (use) {
    case DriverUse::kUsed: return {};
    case DriverUse::kTooShort: why = "too little of both is known to try it on the past"; break;
    case DriverUse::kConstant: why = "it moved with its season and a straight line only"; break;
    case DriverUse::kNoEffect: why = "no effect could be told from chance"; break;
    case DriverUse::kNoHelp: why = "forecasts of the past were no better with it"; break;
  }
  return fmt::format("its driver \"{}\" is left out: {}", driver.declared->name, why);
}

}  // namespace trimtab::analyze
