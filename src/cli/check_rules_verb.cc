// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstdio>

#include "cli/exit_code.h"
#include "cli/verb.h"
#include "rules/rule_file.h"

namespace trimtab::cli {
namespace {

int check_rules(const Arguments& arguments) {
  std::vector<Error> problems;
  const auto files = find_rule_files(arguments.positionals, "");
  if (!files) return report(files.error());
  if (files->empty()) return report(Error(ErrorCode::kNotFound, "no file matches"));
  for (const std::string& file : *files) {
    std::size_t rules = 0;
    const std::size_t before = problems.size();
    const auto groups = load_rule_file(file, problems);
    for (const RuleGroup& group : groups) rules += group.rules.size();
    if (problems.size() == before)
      fmt::print("{}: {} group{}, {} rule{}: all is well\n", file, groups.size(),
                 groups.size() == 1 ? "" : "s", rules, rules == 1 ? "" : "s");
  }
  for (const Error& problem : problems) fmt::print(stderr, "{}\n", problem.message());
  if (problems.empty()) return kOk;
  fmt::print(stderr, "{} problem{}\n", problems.size(), problems.size() == 1 ? "" : "s");
  return kUsage;
}

}  // namespace

Verb check_rules_verb() {
  Verb verb;
  verb.name = "check rules";
  verb.sentence =
      "Check rule files in Prometheus' format: expressions, templates, duplicates; name every problem.";
  verb.details =
      "A remote engine may take expressions that are refused here: they are read by our own parser.";
  verb.positional = {"FILE", "Rule file or pattern such as 'rules/*.yml'", true, true};
  verb.run = check_rules;
  return verb;
}

}  // namespace trimtab::cli
