// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "analyze/verdict.h"
#include "kernels/leak/leak.h"
#include "kernels/resample.h"

namespace trimtab::analyze {

struct DriftScratch {
  std::vector<double> values;
  kernels::LeakScratch leak;
};

struct Drift {
  double probability = 1;  // of so clear a rise of the floor without one
  std::unique_ptr<Unusual> unusual;
};

// Does an amount in use (memory, handles, threads) keep growing? The floor under it by find_leak: restarts,
// one step, and caches that fill are none. `season` (what judge_cells took off, or empty) is taken off. Needs
// kDriftHistoryMin since the last restart: a program that warms up grows as well. Nothing found: no unusual.
Drift judge_drift(const kernels::Cells& cells, std::span<const double> values, std::span<const double> season,
                  DriftScratch& scratch);

inline constexpr DurationMs kDriftHistoryMin = 6 * kHourMs;

}  // namespace trimtab::analyze
