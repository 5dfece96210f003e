// SPDX-License-Identifier: Apache-2.0
// Any bytes, read as both formats: views must stay inside the text, positions must make sense.
#include <cstdint>

#include "base/check.h"
#include "ingest/exposition.h"

using trimtab::ExpositionFormat;
using trimtab::ExpositionParser;

namespace {

void read_all(std::string_view text, ExpositionFormat format) {
  ExpositionParser parser(text, format, {.line_bytes_max = 4096, .labels_count_max = 16});
  std::size_t lines = 0;
  for (auto event = parser.next(); event != ExpositionParser::Event::kEnd; event = parser.next()) {
    CHECK(parser.line() >= lines, "line {} after {}", parser.line(), lines);
    lines = parser.line();
    if (event == ExpositionParser::Event::kError) {
      CHECK(!parser.error().empty());
      CHECK(parser.column() >= 1 && parser.column() <= parser.line_text().size() + 1);
    }
    if (event != ExpositionParser::Event::kSample) continue;
    CHECK(!parser.sample().name.empty());
    CHECK(parser.sample().series_text.data() >= text.data());
    const auto labels = to_labels(parser.sample());
    if (labels) CHECK(labels->metric_name() == parser.sample().name);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  read_all(text, ExpositionFormat::kPrometheusText);
  read_all(text, ExpositionFormat::kOpenMetrics);
  return 0;
}
