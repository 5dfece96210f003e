// SPDX-License-Identifier: Apache-2.0
#include "ingest/collectors/target_check.h"

#include "ingest/collectors/collector_source.h"

namespace trimtab {

std::vector<std::string> check_targets(const std::vector<Target>& targets) {
  const SystemClock clock;
  QueryTexts texts;
  std::vector<std::string> out;
  for (const Target& target : targets) {
    const auto source = create_collector_source(target, {.clock = clock, .query_texts = texts});
    for (std::string& sentence : source->check()) out.push_back(std::move(sentence));
  }
  return out;
}

}  // namespace trimtab
