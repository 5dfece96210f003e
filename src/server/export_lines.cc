// SPDX-License-Identifier: Apache-2.0
#include "server/export_lines.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <iterator>

#include "base/json.h"
#include "ingest/json_sample.h"

namespace trimtab {
void append_export_lines(std::string& out, const Labels& labels, const SampleBuffer& samples) {
  for (std::size_t begin = 0; begin < samples.size(); begin += kExportSamplesPerLineMax) {
    const std::size_t end = std::min(begin + kExportSamplesPerLineMax, samples.size());
    out += "{\"metric\":";
    append_labels_json(out, labels);
    out += ",\"values\":[";
    for (std::size_t i = begin; i < end; ++i) {
      if (i > begin) out += ',';
      append_json_sample(out, samples.values[i]);
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
