// SPDX-License-Identifier: Apache-2.0
// Any bytes as a rule file, as a template and as kept alert states: problems with words, or values that work.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "rules/alert_state.h"
#include "rules/rule_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace trimtab;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<Error> problems;
  load_rule_text(text, "fuzz.yml", problems);
  for (const Error& problem : problems) CHECK(!problem.message().empty());
  const auto parsed = Template::parse(text);
  if (parsed) {
    const Labels labels = {{"job", "x"}};
    const auto expanded = parsed->expand({.labels = labels, .external = labels, .value = 1.5});
    CHECK(expanded || !expanded.error().message().empty());
  }
  const auto state = group_state_from_json(text);
  if (state) CHECK(to_json(*group_state_from_json(to_json(*state))) == to_json(*state));
  return 0;
}
