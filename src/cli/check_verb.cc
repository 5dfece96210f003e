// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstdio>

#include "cli/exit_code.h"
#include "cli/verb.h"
#include "server/configuration_check.h"

namespace trimtab::cli {
namespace {

int check(const Arguments& arguments) {
  ConfigurationSources sources;
  if (!arguments.positionals.empty()) sources.file = arguments.positionals.front();
  sources.flags = arguments.settings;
  const auto problems = check_configuration(sources);
  for (const Error& problem : problems) fmt::print(stderr, "{}\n", problem.message());
  if (problems.empty()) {
    fmt::print("{}: all is well\n", sources.file.empty() ? "flags and environment" : sources.file);
    return kOk;
  }
  fmt::print(stderr, "{} problem{}\n", problems.size(), problems.size() == 1 ? "" : "s");
  return kUsage;
}

}  // namespace

Verb check_verb() {
  Verb verb;
  verb.name = "check";
  verb.sentence =
      "Check a configuration with its token file, estate, catalogue and scrape jobs; name every problem.";
  verb.positional = {"FILE", "Configuration file; without it, flags and environment are checked", false,
                     false};
  verb.takes_settings = true;
  verb.run = check;
  return verb;
}

}  // namespace trimtab::cli
