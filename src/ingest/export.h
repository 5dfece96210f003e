// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/store.h"

namespace trimtab {

struct ExportOptions {
  TimeRange range = {};
  // A series with more samples takes several lines, so that reading them back needs little memory.
  std::size_t samples_per_line_max = 10'000;
  const std::atomic<bool>* cancelled = nullptr;  // polled between series
};

struct ExportOutcome {
  std::uint64_t series = 0;  // that had samples in the range
  std::uint64_t samples = 0;
  std::uint64_t bytes = 0;
  std::uint64_t series_unreadable = 0;  // left out because their chunks are corrupt
  std::string first_error;              // of those
};

// Writes the set as JSON lines in the order of the set, each
//   {"metric":{"__name__":"up","job":"a"},"values":[1,0],"timestamps":[1700000000000,1700000015000]}
// which the importer reads back bit for bit (see json_sample.h and docs/formats/import.md). `sink`
// gets pieces of about 256 KiB that end with a whole line. Memory: one series' samples and one piece.
// Errors: the sink's, the set's (but for kCorrupt, which costs only that series), kCancelled.
Result<ExportOutcome> export_json_lines(const SeriesSet& set, const ExportOptions& options,
                                        const std::function<Status(std::string_view)>& sink);

}  // namespace trimtab
