// SPDX-License-Identifier: Apache-2.0
#include "analyze/drift.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/format.h"
#include "kernels/quantile.h"

namespace trimtab::analyze {

Drift judge_drift(const kernels::Cells& cells, std::span<const double> values, std::span<const double> season,
                  DriftScratch& scratch) {
  Drift drift;
  scratch.values.assign(values.begin(), values.end());
  for (std::size_t i = 0; i < season.size() && i < scratch.values.size(); ++i) scratch.values[i] -= season[i];
  const kernels::Leak leak = kernels::find_leak(scratch.values, {}, scratch.leak);
  const DurationMs life_ms = static_cast<DurationMs>(cells.count - leak.since) * cells.step_ms;
  if (leak.kind != kernels::LeakKind::kLeak || life_ms < kDriftHistoryMin) return drift;
  auto unusual = std::make_unique<Unusual>();
  unusual->direction = 1;
  unusual->now = leak.level;
  unusual->usual = leak.level - leak.growth;
  const double spread = std::max(leak.spread, kernels::scale_floor(unusual->usual, 0));
  unusual->usual_low = unusual->usual - 2 * spread;
  unusual->usual_high = unusual->usual + 2 * spread;
  unusual->effect = leak.growth / spread;
  unusual->lasting = true;
  unusual->method = "leak";
  const TimestampMs since_ms = cells.end(leak.since) - cells.step_ms;
  unusual->window = {since_ms, cells.end(cells.count - 1)};
  unusual->compared_with = {cells.end(0) - cells.step_ms,
                            leak.since > 0 ? since_ms : cells.end(cells.count / 4)};
  const double per_day = static_cast<double>(kDayMs) / static_cast<double>(cells.step_ms);
  unusual->statistic = fmt::format(
      "its floor rises by {} a day (90 % interval {} to {}), Mann-Kendall p = {}, {:.0f} % of its moves go "
      "up{}; "
      "neither one step nor a cache that fills",
      format_number(leak.slope * per_day), format_number(leak.slope_low * per_day),
      format_number(leak.slope_high * per_day), format_number(std::max(leak.probability, 1e-12)),
      100 * leak.rising_share,
      leak.restarts > 0 ? fmt::format(", since the last of {} restarts", leak.restarts) : "");
  drift.probability = leak.probability;
  drift.unusual = std::move(unusual);
  return drift;
}

}  // namespace trimtab::analyze
