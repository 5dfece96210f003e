// SPDX-License-Identifier: Apache-2.0
// Any bytes as a catalogue file: an error or a catalogue that classifies, never a crash.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "estate/catalog_check.h"
#include "estate/estate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace trimtab;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto catalog = Catalog::load_text(text, "fuzz.yaml");
  if (!catalog) {
    CHECK(!catalog.error().message().empty());
    return 0;
  }
  const Estate estate;
  for (const Signal& entry : catalog->entries()) {
    const Labels series{{std::string(kMetricName), entry.metric}, {"mode", "idle"}, {"instance", "a"}};
    const Signal found = catalog->find(series);
    CHECK(!found.metric.empty());
    CHECK(!estate.entity_of(series, found).kind.empty());
    CHECK(!explain_signal(*catalog, series).empty());
    if (catalog->entries().size() > 100) break;
  }
  return 0;
}
