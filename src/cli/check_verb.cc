// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstdio>

#include "act/linux/cgroup_executor.h"
#include "cli/exit_code.h"
#include "cli/verb.h"
#include "ingest/collectors/target_check.h"
#include "server/closed_loop.h"
#include "server/configuration_check.h"

namespace trimtab::cli {
namespace {

int check(const Arguments& arguments) {
  ConfigurationSources sources;
  if (!arguments.positionals.empty()) sources.file = arguments.positionals.front();
  sources.flags = arguments.settings;
  auto problems = check_configuration(sources);
  if (problems.empty() && !arguments.has("offline")) {
    const auto configuration = load_configuration(sources);
    if (configuration && configuration->host_act) {
      const std::string obstacle = act::cgroup_obstacle(std::string(kControlGroupRoot));
      if (!obstacle.empty()) problems.emplace_back(ErrorCode::kUnavailable, "host.act: " + obstacle);
    }
    if (configuration && configuration->document) {
      const auto targets = read_targets((*configuration->document)["collectors"]);
      for (std::string& sentence : check_targets(targets.value_or(std::vector<Target>()))) {
        problems.emplace_back(ErrorCode::kUnavailable, std::move(sentence));
      }
    }
  }
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
      "Check a configuration with its token file, estate, catalogue, scrape jobs, collectors and doors; name "
      "every problem.";
  verb.details =
      "The targets of `collectors:` are connected to; a missing grant is named with the statement that gives "
      "it. With `host.act` this machine's control groups are looked at.\n";
  OptionSpec offline;
  offline.name = "offline";
  offline.sentence = "Connect to nothing: check only what stands in files";
  verb.options = {offline};
  verb.positional = {"FILE", "Configuration file; without it, flags and environment are checked", false,
                     false};
  verb.takes_settings = true;
  verb.run = check;
  return verb;
}

}  // namespace trimtab::cli
