// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstdio>
#include <set>

#include "cli/completion.h"
#include "cli/exit_code.h"
#include "server/settings.h"

namespace trimtab::cli {
namespace {

std::vector<std::string> flags_of(const Verb& verb) {
  std::vector<std::string> out = {"--help"};
  for (const OptionSpec& option : verb.options) out.push_back("--" + option.name);
  if (verb.takes_settings) {
    for (const Setting& setting : settings()) out.push_back("--" + flag_name(setting));
  }
  return out;
}

std::string first_words() {
  std::set<std::string> words;
  for (const Verb& verb : verbs()) words.insert(verb.name.substr(0, verb.name.find(' ')));
  return fmt::format("{}", fmt::join(words, " "));
}

std::string second_words(std::string_view group) {
  std::vector<std::string> words;
  for (const Verb& verb : verbs()) {
    const std::size_t space = verb.name.find(' ');
    if (space != std::string::npos && verb.name.substr(0, space) == group)
      words.push_back(verb.name.substr(space + 1));
  }
  return fmt::format("{}", fmt::join(words, " "));
}

// The flags of the verb whose name is also a group's; "" when there is none.
std::string flags_of_group(std::string_view group) {
  for (const Verb& verb : verbs()) {
    if (verb.name == group) return fmt::format("{}", fmt::join(flags_of(verb), " "));
  }
  return "";
}

std::string bash() {
  std::string out =
      "# bash completion for trimtab; made by: trimtab completion bash\n_trimtab() {\n"
      "  local current=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
      "  local verb=\"${COMP_WORDS[1]}\" words=\"\"\n  case \"$verb $previous\" in\n";
  for (const Verb& verb : verbs()) {
    for (const OptionSpec& option : verb.options) {
      if (option.choices.empty()) continue;
      out +=
          fmt::format("    \"{} --{}\") COMPREPLY=($(compgen -W \"{}\" -- \"$current\")); return;;\n",
                      verb.name.substr(0, verb.name.find(' ')), option.name, fmt::join(option.choices, " "));
    }
  }
  out += "  esac\n";
  out += fmt::format("  if [ \"$COMP_CWORD\" -eq 1 ]; then words=\"{} --help\"; else\n  case \"$verb\" in\n",
                     first_words());
  std::set<std::string> groups;
  for (const Verb& verb : verbs()) {
    const std::size_t space = verb.name.find(' ');
    const bool is_group = !second_words(verb.name).empty();
    if (space == std::string::npos && !is_group) {
      out += fmt::format("    {}) words=\"{}\";;\n", verb.name, fmt::join(flags_of(verb), " "));
    } else if (const std::string group = verb.name.substr(0, space); groups.insert(group).second) {
      const std::string flags = flags_of_group(group);
      out += fmt::format(
          "    {}) words=\"{} {}\"; [ \"$COMP_CWORD\" -gt 2 ] && words=\"{}\"\n      case "
          "\"${{COMP_WORDS[2]}}\" in\n",
          group, second_words(group), flags.empty() ? "--help" : flags, flags);
      for (const Verb& other : verbs()) {
        if (!other.name.starts_with(group + " ")) continue;
        out += fmt::format("        {}) [ \"$COMP_CWORD\" -gt 2 ] && words=\"{}\";;\n",
                           other.name.substr(group.size() + 1), fmt::join(flags_of(other), " "));
      }
      out += "      esac;;\n";
    }
  }
  out +=
      "  esac; fi\n  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
      "  [ ${#COMPREPLY[@]} -eq 0 ] && COMPREPLY=($(compgen -f -- \"$current\"))\n}\ncomplete -o filenames "
      "-F _trimtab trimtab\n";
  return out;
}

std::string zsh() {
  return "#compdef trimtab\n# zsh completion for trimtab, by way of the bash one; made by: trimtab "
         "completion zsh\n"
         "autoload -U +X bashcompinit && bashcompinit\n" +
         bash();
}

std::string fish() {
  std::string out =
      "# fish completion for trimtab; made by: trimtab completion fish\ncomplete -c trimtab -f\n";
  out += fmt::format("complete -c trimtab -n __fish_use_subcommand -a '{}'\n", first_words());
  std::set<std::string> groups;
  for (const Verb& verb : verbs()) {
    const std::size_t space = verb.name.find(' ');
    const std::string group = verb.name.substr(0, space);
    std::string condition = "__fish_seen_subcommand_from " + group;
    if (space != std::string::npos) {
      const std::string own = verb.name.substr(space + 1);
      if (groups.insert(group).second) {
        out += fmt::format(
            "complete -c trimtab -n '__fish_seen_subcommand_from {}; and not __fish_seen_subcommand_from {}' "
            "-a '{}'\n",
            group, second_words(group), second_words(group));
      }
      condition += "; and __fish_seen_subcommand_from " + own;
    }
    for (const OptionSpec& option : verb.options) {
      const std::string choices =
          option.choices.empty() ? "" : fmt::format(" -xa '{}'", fmt::join(option.choices, " "));
      out += fmt::format("complete -c trimtab -n '{}' -l {}{}\n", condition, option.name,
                         !choices.empty()       ? choices
                         : option.value.empty() ? ""
                                                : " -rF");
    }
    if (!verb.takes_settings) continue;
    for (const Setting& setting : settings()) {
      out += fmt::format("complete -c trimtab -n '{}' -l {} -rF\n", condition, flag_name(setting));
    }
  }
  return out;
}

}  // namespace

std::string completion_script(std::string_view shell) {
  return shell == "bash" ? bash() : shell == "zsh" ? zsh() : fish();
}

Verb completion_verb() {
  Verb verb;
  verb.name = "completion";
  verb.sentence = "Print a shell completion script.";
  verb.details = "Example: trimtab completion bash > /etc/bash_completion.d/trimtab";
  verb.positional = {"SHELL", "bash, zsh or fish", true, false};
  verb.run = [](const Arguments& arguments) {
    const std::string& shell = arguments.positionals.at(0);
    if (shell != "bash" && shell != "zsh" && shell != "fish") {
      return report(
          Error(ErrorCode::kInvalid, fmt::format("shell \"{}\" is not known; use bash, zsh or fish", shell)));
    }
    fmt::print("{}", completion_script(shell));
    return static_cast<int>(kOk);
  };
  return verb;
}

}  // namespace trimtab::cli
