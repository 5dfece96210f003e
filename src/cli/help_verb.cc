// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstdio>

#include "cli/completion.h"
#include "cli/exit_code.h"
#include "server/settings.h"

namespace trimtab::cli {

std::string cli_markdown() {
  std::string out = R"(# Command line

`trimtab VERB [--flag VALUE] [ARGUMENT]`. Data goes to standard output, words to standard error. This file is made from the
verbs in `src/cli/` by `trimtab help cli`; a test keeps it current. `trimtab VERB --help` says the same.

| Exit code | Meaning |
| --- | --- |
| 0 | done |
| 1 | it was tried and failed |
| 2 | wrong usage or configuration: the same call fails again |
| 3 | unavailable: no server there, the address or data directory is taken; a retry may help |
| 4 | stored data is corrupt or of an unknown version |

Verbs that talk to a server take `--server URL` (`TRIMTAB_SERVER`, default `http://127.0.0.1:7600`) and `--token-file FILE`
(`TRIMTAB_TOKEN_FILE`). A token never stands on a command line. `serve` and `check` also take every setting of
[configuration.md](configuration.md) as a flag.

)";
  for (const Verb& verb : verbs()) {
    out += fmt::format("## trimtab {}{}\n\n{}\n", verb.name,
                       verb.positional.name.empty()
                           ? ""
                           : " " + verb.positional.name + (verb.positional.repeats ? "..." : ""),
                       verb.sentence);
    if (!verb.positional.name.empty() || !verb.options.empty()) out += "\n";
    if (!verb.positional.name.empty())
      out += fmt::format("- `{}`: {}.\n", verb.positional.name, verb.positional.sentence);
    for (const OptionSpec& option : verb.options) {
      out += fmt::format("- `--{}{}`: {}{}{}.\n", option.name, option.value.empty() ? "" : " " + option.value,
                         option.sentence,
                         option.choices.empty() ? "" : fmt::format(" ({})", fmt::join(option.choices, ", ")),
                         option.fallback.empty() ? "" : fmt::format(" [default: {}]", option.fallback));
    }
    if (!verb.details.empty()) out += fmt::format("\n{}\n", verb.details);
    out += "\n";
  }
  out.pop_back();
  return out;
}

Verb help_verb() {
  Verb verb;
  verb.name = "help";
  verb.sentence = "Print reference documents: all settings, or the command line, as Markdown.";
  verb.positional = {"TOPIC", "settings or cli", true, false};
  verb.run = [](const Arguments& arguments) {
    const std::string& topic = arguments.positionals.at(0);
    if (topic == "settings") {
      fmt::print("{}", configuration_markdown());
    } else if (topic == "cli") {
      fmt::print("{}", cli_markdown());
    } else {
      return report(Error(ErrorCode::kInvalid,
                          fmt::format("there is no help on \"{}\"; on settings and cli there is", topic)));
    }
    return static_cast<int>(kOk);
  };
  return verb;
}

}  // namespace trimtab::cli
