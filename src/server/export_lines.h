// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/labels.h"
#include "store/store.h"

namespace trimtab {

// One series as JSON lines in the form of ingest/export.h, for streams that pull pieces instead of being
// handed them. A series of many samples becomes several lines; nothing for no samples.
void append_export_lines(std::string& out, const Labels& labels, const SampleBuffer& samples);

inline constexpr std::size_t kExportSamplesPerLineMax = 10'000;

}  // namespace trimtab
