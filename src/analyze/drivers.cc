// SPDX-License-Identifier: Apache-2.0
#include "analyze/drivers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace trimtab::analyze {
namespace {

Result<SampleBuffer> evaluate(promql::Querier& querier, const GrowthDriver& driver,
                              const promql::QueryWindow& grid, const promql::QueryOptions& options) {
  const auto prepared = TRY(querier.prepare(driver.query));
  const promql::Answer answer = TRY(prepared->run(grid, options));
  if (answer.rows() != 1) {
    return fail(ErrorCode::kInvalid, fmt::format("gives {} series; one is needed", answer.rows()));
  }
  SampleBuffer out;
  const auto cells = answer.row(0);
  for (std::size_t c = 0; c < cells.size(); ++c) {
    if (!std::isfinite(cells[c])) continue;
    out.timestamps_ms.push_back(answer.start_ms + static_cast<DurationMs>(c) * answer.step_ms);
    out.values.push_back(cells[c]);
  }
  return out;
}

}  // namespace

Result<DriverHistories> read_drivers_history(promql::Querier& querier, const Estate& estate,
                                             TimestampMs at_ms, DurationMs history_ms,
                                             const std::atomic<bool>* cancelled) {
  DriverHistories out;
  constexpr auto kColumns = static_cast<DurationMs>(kDriverColumnsMax);
  const DurationMs minutes = std::max<DurationMs>(1, (history_ms / kMinuteMs + kColumns - 1) / kColumns);
  const DurationMs step_ms = minutes * kMinuteMs;
  const auto grid = promql::QueryWindow::over(at_ms - history_ms / step_ms * step_ms, at_ms, step_ms);
  promql::QueryOptions options;
  options.cancelled = cancelled;
  options.limits.steps_max = kDriverColumnsMax + 1;
  for (const GrowthDriver& driver : estate.drivers()) {
    Result<SampleBuffer> past = evaluate(querier, driver, grid, options);
    if (past) {
      out.drivers.push_back({&driver, std::move(*past)});
      continue;
    }
    if (past.error().code() == ErrorCode::kCancelled) return std::unexpected(past.error());
    out.errors.push_back(fmt::format("driver {}: {}", driver.name, past.error().message()));
  }
  return out;
}

const DriverHistory* driver_of(std::span<const DriverHistory> drivers, const EntityRef& entity,
                               std::string_view metric) {
  const auto found = std::find_if(drivers.begin(), drivers.end(), [&](const DriverHistory& driver) {
    return driver.declared->drives(entity, metric);
  });
  return found == drivers.end() ? nullptr : &*found;
}

std::vector<double> planned_future(const GrowthDriver& driver, const kernels::Cells& cells,
                                   std::span<const double> past, std::size_t season, std::size_t horizon) {
  season = std::clamp<std::size_t>(season, 1, std::max<std::size_t>(1, past.size()));
  double sum = 0;
  double count = 0;
  for (std::size_t i = past.size(); i-- > 0;) {
    if (past.size() - i > season && count > 0) break;
    if (!std::isfinite(past[i])) continue;
    sum += past[i];
    ++count;
  }
  if (count == 0) return {};
  const double level = sum / count;
  const TimestampMs now_ms = cells.end(cells.count - 1);
  std::vector<double> out(horizon);
  for (std::size_t h = 0; h < horizon; ++h) {
    const double planned =
        driver.value_at(now_ms + static_cast<DurationMs>(h + 1) * cells.step_ms, now_ms, level);
    // Users that grow by half grow by half at noon and at night.
    const double then = season > 1 && level > 0 ? past[past.size() - season + h % season] : level;
    const double swing = std::isfinite(then) && level > 0 ? then / level : 1;
    out[h] = planned * swing;
  }
  return out;
}

}  // namespace trimtab::analyze
