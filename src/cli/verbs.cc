// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstdio>

#include "cli/exit_code.h"
#include "cli/verb.h"

namespace trimtab::cli {

const std::vector<Verb>& verbs() {
  static const std::vector<Verb> all = [] {
    std::vector<Verb> out = {serve_verb(),   brief_verb(), import_verb(),   export_verb(),     query_verb(),
                             inspect_verb(), check_verb(), discover_verb(), check_rules_verb()};
    for (Verb& verb : catalog_verbs()) out.push_back(std::move(verb));
    for (Verb& verb : analyze_verbs()) out.push_back(std::move(verb));
    for (Verb& verb : advise_verbs()) out.push_back(std::move(verb));
    for (Verb& verb : change_verbs()) out.push_back(std::move(verb));
    out.push_back(plan_verb());
    out.push_back(annotate_verb());
    for (Verb& verb : findings_verbs()) out.push_back(std::move(verb));
    for (Verb& verb : std::vector<Verb>{completion_verb(), help_verb(), version_verb()})
      out.push_back(std::move(verb));
    return out;
  }();
  return all;
}

int report(const Error& error) {
  fmt::print(stderr, "trimtab: {}\n", error.message());
  return exit_code_of(error);
}

}  // namespace trimtab::cli
