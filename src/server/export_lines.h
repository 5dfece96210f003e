// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/labels.h"
#include "store/store.h"

namespace trimtab {

// One series as JSON lines: {"metric":{...},"values":[...],"timestamps":[...]} with times in ms. Values
// read back to the same double; NaN is "NaN", infinities "Infinity" and "-Infinity", a stale marker null.
// A series of many samples becomes several lines. Nothing for no samples.
void append_export_lines(std::string& out, const Labels& labels, const SampleBuffer& samples);

inline constexpr std::size_t kExportSamplesPerLineMax = 10'000;

}  // namespace trimtab
