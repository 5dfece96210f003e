// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/yaml.h"
#include "rules/rule_file.h"

namespace trimtab {

// What a configuration says about rules: the groups of the files that `rule_files` names (paths and globs,
// relative to the configuration's folder), and global.evaluation_interval (0 when it is not set).
struct RuleSettings {
  std::vector<RuleGroup> groups;
  DurationMs interval_ms = 0;
};

// Goes on after each problem; `problems` gets one sentence for each.
RuleSettings load_rules(const Yaml& document, std::vector<Error>& problems);
// The same; the first problem is the error.
Result<RuleSettings> load_rules(const Yaml& document);

}  // namespace trimtab
