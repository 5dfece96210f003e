// SPDX-License-Identifier: Apache-2.0
// Scrape configuration of any bytes: read, its rules run, its targets built. Must not crash.
#include <cstdint>
#include <string_view>

#include "ingest/scrape/scrape_config.h"
#include "ingest/scrape/scrape_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace trimtab;
  const auto yaml = Yaml::parse({reinterpret_cast<const char*>(data), size}, "fuzz.yml");
  if (!yaml) return 0;
  const auto settings = ScrapeSettings::from_yaml(*yaml);
  if (!settings) return 0;
  for (const ScrapeConfig& job : settings->jobs) {
    for (const TargetGroup& group : job.static_configs) {
      for (const std::string& address : group.targets) {
        if (const auto target = build_target(job, group.labels, address); target && *target)
          (void)(*target)->key();
      }
    }
    LabelMap labels{{"__name__", "http_requests_total"}, {"code", "200"}, {"handler", "/a/b"}};
    (void)relabel(job.metric_relabel_configs, labels);
  }
  return 0;
}
