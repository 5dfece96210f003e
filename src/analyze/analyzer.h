// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <vector>

#include "analyze/memory.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "estate/catalog.h"
#include "estate/estate.h"
#include "ledger/records.h"
#include "query/querier.h"
#include "store/store.h"

namespace trimtab {

struct AnalysisOptions {
  DurationMs history_ms = 14 * kDayMs;  // how far back "usual" is learnt
  DurationMs window_ms = 0;         // what counts as now; 0: chosen from each series' interval and history
  DurationMs step_ms = 0;           // 0: chosen so that history fits columns_max
  std::size_t columns_max = 20160;  // 14 days at 1 min
  int threads = 0;                  // 0: one per core
  DurationMs exhaustion_horizon_ms = 30 * kDayMs;
  double false_alarms_per_day = 1;  // budget over all series together
  Matchers matchers;                // empty: every series
  // Where what is learnt of each series is kept from pass to pass; it changes how long a pass takes, never
  // what it finds. Null: learnt anew. Not owned.
  analyze::Memory* memory = nullptr;
};

struct AnalysisResult {
  AnalysisPass pass;
  std::vector<Finding> findings;  // worst harm first; without ids
};

// Judges every series as of one moment: reads samples up to `at` only, so that any past moment can be
// asked. Deterministic: same samples, estate and options give the same result whatever `threads` is.
// Writes nothing. Thread-safe. The querier computes the catalogue's expressions.
class Analyzer {
 public:
  Analyzer(Store& store, promql::Querier& querier, const Catalog& catalog, const Estate& estate,
           const Clock& clock, Metrics& metrics, Logger& logger);

  struct Progress {
    std::uint64_t series_done = 0;
    std::uint64_t series_total = 0;
  };
  Result<AnalysisResult> run(TimestampMs at, const AnalysisOptions& options,
                             const std::function<void(const Progress&)>& on_progress = {},
                             const std::atomic<bool>* cancelled = nullptr);

 private:
  Store& store_;
  promql::Querier& querier_;
  const Catalog& catalog_;
  const Estate& estate_;
  const Clock& clock_;
  Metrics& metrics_;
  Logger& logger_;
};

}  // namespace trimtab
