// SPDX-License-Identifier: Apache-2.0
#include "server/export_lines.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "base/json.h"
#include "server/api/series_union.h"

namespace trimtab {
namespace {

void append_value(std::string& out, double value) {
  if (std::isfinite(value)) {
    append_json_number(out, value);
  } else if (is_stale_marker(value)) {
    out += "null";
  } else {
    out += std::isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  }
}

}  // namespace

void append_export_lines(std::string& out, const Labels& labels, const SampleBuffer& samples) {
  for (std::size_t begin = 0; begin < samples.size(); begin += kExportSamplesPerLineMax) {
    const std::size_t end = std::min(begin + kExportSamplesPerLineMax, samples.size());
    out += "{\"metric\":";
    append_labels_json(out, labels);
    out += ",\"values\":[";
    for (std::size_t i = begin; i < end; ++i) {
      if (i > begin) out += ',';
      append_value(out, samples.values[i]);
    }
    out += "],\"timestamps\":[";
    for (std::size_t i = begin; i < end; ++i) {
      if (i > begin) out += ',';
      fmt::format_to(std::back_inserter(out), FMT_COMPILE("{}"), samples.timestamps_ms[i]);
    }
    out += "]}\n";
  }
}

}  // namespace trimtab
