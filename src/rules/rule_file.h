// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/labels.h"
#include "base/result.h"
#include "base/time.h"
#include "rules/template.h"

namespace trimtab {

// One rule of a group. A recording rule writes what its expression gives as series `name`; an alerting rule
// keeps an alert for each series its expression gives.
struct Rule {
  enum class Kind { kRecording, kAlerting };
  Kind kind = Kind::kRecording;
  std::string name;        // `record` or `alert`
  std::string expression;  // PromQL; parses
  DurationMs for_ms = 0;
  DurationMs keep_firing_for_ms = 0;
  std::vector<std::pair<std::string, Template>> labels;  // the group's too; plain texts in recording rules
  std::vector<std::pair<std::string, Template>> annotations;
  int line = 0;  // in the file

  std::string label_text() const;  // the labels' templates: what tells rules of one name apart
};

struct RuleGroup {
  std::string name;
  std::string file;
  DurationMs interval_ms = 0;  // 0: the evaluation interval of the configuration
  DurationMs query_offset_ms = 0;
  std::uint64_t limit = 0;  // series or alerts of one rule; 0: kRuleOutputsMax
  std::vector<Rule> rules;
  int line = 0;

  std::string key() const { return file + ";" + name; }
};

inline constexpr std::size_t kRuleFilesMax = 1'000;
inline constexpr std::size_t kRuleGroupsMax = 10'000;  // of all files together
inline constexpr std::size_t kRulesPerGroupMax = 10'000;
inline constexpr std::uint64_t kRuleOutputsMax = 100'000;  // series or alerts of one rule

// Reads a rule file in Prometheus' format (groups of recording and alerting rules). Strict: an unknown key,
// an expression that does not parse, a template beyond our subset and a duplicate rule are errors "file:line:
// ...". Goes on after each problem and gives what was good; `problems` gets one sentence for each.
std::vector<RuleGroup> load_rule_file(const std::string& path, std::vector<Error>& problems);
// The same from text, for tests and fuzzing.
std::vector<RuleGroup> load_rule_text(std::string_view yaml, const std::string& file_name,
                                      std::vector<Error>& problems);

// The files a list of paths and globs names ("rules/*.yml"), sorted, each once. Relative ones are relative to
// `folder`. Errors: kNotFound for a path without wildcards that is not there, kLimit above kRuleFilesMax.
Result<std::vector<std::string>> find_rule_files(const std::vector<std::string>& patterns,
                                                 const std::string& folder);

}  // namespace trimtab
