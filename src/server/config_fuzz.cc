// SPDX-License-Identifier: Apache-2.0
// Any bytes as trimtab.yaml: problems are told, nothing crashes, and what is taken is inside its bounds.
#include <cstdint>
#include <cstdlib>

#include "act/door/door.h"
#include "ingest/scrape/scrape_config.h"
#include "server/configuration.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace trimtab;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<Error> problems;
  const Configuration configuration = load_configuration_text(text, "fuzz.yaml", problems);
  if (configuration.http.worker_queue_max < 1 && problems.empty()) std::abort();
  if (configuration.document) {
    const auto scraping = ScrapeSettings::from_yaml(*configuration.document);
    if (!scraping && scraping.error().message().empty()) std::abort();
    const auto doors = act::read_doors((*configuration.document)["doors"]);
    if (!doors && doors.error().message().empty()) std::abort();
  }
  return 0;
}
