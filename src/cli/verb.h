// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace trimtab::cli {

// One flag of a verb. The words feed --help and docs/cli.md, names and choices the shell completion.
struct OptionSpec {
  std::string name{};                  // "format", without dashes
  std::string value{};                 // "TIME", "N"; "" = a flag without value
  std::string sentence{};              // with unit, default and range where there are any
  std::string fallback{};              // shown and given when the flag is absent
  std::vector<std::string> choices{};  // nothing else is accepted
  bool repeats = false;
};

struct PositionalSpec {
  std::string name{};  // "FILE"; "" = the verb takes none
  std::string sentence{};
  bool required = false;
  bool repeats = false;
};

// What was given on the command line, checked against the verb's specification.
struct Arguments {
  std::map<std::string, std::vector<std::string>, std::less<>> values{};
  std::map<std::string, std::string, std::less<>> settings{};  // of verbs with takes_settings
  std::vector<std::string> positionals{};

  bool has(std::string_view name) const { return values.contains(name); }
  std::string get(std::string_view name) const {
    const auto it = values.find(name);
    return it == values.end() || it->second.empty() ? std::string() : it->second.back();
  }
  std::vector<std::string> all(std::string_view name) const {
    const auto it = values.find(name);
    return it == values.end() ? std::vector<std::string>() : it->second;
  }
};

// One verb: `trimtab NAME ...`; a name of two words is a verb of a group ("catalog check").
struct Verb {
  std::string name{};
  std::string sentence{};
  std::string details{};  // printed under the options: examples, exit codes that matter
  std::vector<OptionSpec> options{};
  PositionalSpec positional{};
  bool takes_settings = false;  // every setting of the registry is a flag too
  std::function<int(const Arguments&)> run{};
};

const std::vector<Verb>& verbs();

// Reads the command line, runs the verb, gives the exit code. Usage errors go to standard error.
int run_command_line(int argc, const char* const* argv);

// The verbs, one function per file.
Verb serve_verb();
Verb brief_verb();
Verb import_verb();
Verb export_verb();
Verb query_verb();
Verb inspect_verb();
Verb check_verb();
Verb discover_verb();
Verb check_rules_verb();
std::vector<Verb> catalog_verbs();
std::vector<Verb> analyze_verbs();  // analyze_verbs.h names them one by one
std::vector<Verb> advise_verbs();
std::vector<Verb> change_verbs();
Verb plan_verb();
Verb annotate_verb();
std::vector<Verb> findings_verbs();
Verb completion_verb();
Verb help_verb();
Verb version_verb();

}  // namespace trimtab::cli
