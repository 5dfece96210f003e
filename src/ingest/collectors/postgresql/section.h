// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "ingest/series_sink.h"
#include "targets/postgresql/connection.h"

namespace trimtab::postgresql {

// One question to a server whose answer is numbers. Its columns say what they are by name: "l:NAME" is a
// label, "c:METRIC" a counter and "g:METRIC" a gauge; "n:" holds the name of the metric in "g:". A NULL is no
// number. For servers of version
// [version_min, version_max), as libpq counts them (150004).
struct Section {
  std::string_view part;  // how problems name it
  const char* sql;
  int version_min = 0;
  int version_max = 1'000'000;
};

// Asked every round: no files, no catalogue scans.
std::span<const Section> fast_sections();
// Asked now and then: tables, indexes, sizes, settings.
std::span<const Section> slow_sections();
// The statistics-based estimate of wasted space, asked rarely.
const Section& bloat_section();

// Puts an answer of a section into the sink.
void put_rows(const Rows& rows, SeriesSink& sink);

}  // namespace trimtab::postgresql
