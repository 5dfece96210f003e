// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "estate/catalog.h"
#include "query/querier.h"
#include "store/store.h"

namespace trimtab::analyze {

// Series that no store holds: a catalogue entry with an `expression` is computed by PromQL, and what it gives
// is watched like any other series, under the entry's name.
struct DerivedSeries {
  std::vector<Labels> labels;         // with __name__
  std::vector<SampleBuffer> samples;  // one a series
  std::uint64_t samples_decoded = 0;
  std::vector<std::string> errors;  // of entries that could not be computed, with their file and line
};

inline constexpr std::size_t kDerivedSeriesMax =
    5000;  // of one entry and pass; more is an error of that entry

struct DerivedWindow {
  TimestampMs at_ms = 0;
  DurationMs history_ms = 0;
  std::size_t columns_max = 0;
};

// Evaluates the catalogue's expressions over the window, one value a minute, coarser where columns_max says
// so. Entries whose expression gives nothing cost a look-up in the index. Errors: kCancelled only.
Result<DerivedSeries> derive_series(promql::Querier& querier, const Catalog& catalog,
                                    const DerivedWindow& window, const std::atomic<bool>* cancelled);

// The stored series and, behind them, the derived ones.
std::unique_ptr<SeriesSet> join_series(std::unique_ptr<SeriesSet> stored, DerivedSeries derived);

}  // namespace trimtab::analyze
