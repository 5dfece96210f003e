// SPDX-License-Identifier: Apache-2.0
#include "server/rule_loading.h"

#include <fmt/format.h>

namespace trimtab {

RuleSettings load_rules(const Yaml& document, std::vector<Error>& problems) {
  RuleSettings out;
  const auto interval = document["global"]["evaluation_interval"].duration_or(0, 100, kDayMs);
  if (interval) {
    out.interval_ms = *interval;
  } else {
    problems.push_back(interval.error());
  }
  const Yaml list = document["rule_files"];
  if (!list.exists()) return out;
  const auto patterns = list.strings();
  if (!patterns) {
    problems.push_back(patterns.error());
    return out;
  }
  std::vector<std::string> absolute;
  for (const std::string& pattern : *patterns) absolute.push_back(list.resolve_file(pattern));
  const auto files = find_rule_files(absolute, "");
  if (!files) {
    problems.push_back(list.error(files.error().message()).error());
    return out;
  }
  for (const std::string& file : *files) {
    for (RuleGroup& group : load_rule_file(file, problems)) out.groups.push_back(std::move(group));
  }
  if (out.groups.size() > kRuleGroupsMax) {
    problems.push_back(
        list.error(fmt::format("{} rule groups; at most {} are read", out.groups.size(), kRuleGroupsMax))
            .error());
    out.groups.clear();
  }
  for (RuleGroup& group : out.groups) {
    if (group.interval_ms == 0) group.interval_ms = out.interval_ms;
  }
  return out;
}

Result<RuleSettings> load_rules(const Yaml& document) {
  std::vector<Error> problems;
  RuleSettings out = load_rules(document, problems);
  if (!problems.empty()) return std::unexpected(problems.front());
  return out;
}

}  // namespace trimtab
