// SPDX-License-Identifier: Apache-2.0
// The only file that includes CLI11: it takes long to compile.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <memory>

#include "cli/exit_code.h"
#include "cli/verb.h"
#include "server/settings.h"

namespace trimtab::cli {
namespace {

// What CLI11 fills in for one verb; lives until the verb has run.
struct Bound {
  const Verb* verb = nullptr;
  CLI::App* app = nullptr;
  std::map<std::string, std::vector<std::string>, std::less<>> values;
  std::map<std::string, bool, std::less<>> flags;
  std::map<std::string, std::string, std::less<>> settings;
  std::vector<std::string> positionals;
};

std::string described(const OptionSpec& option) {
  std::string out = option.sentence;
  if (!option.fallback.empty()) out += fmt::format(" [default: {}]", option.fallback);
  return out;
}

void bind_option(Bound& bound, const OptionSpec& option) {
  const std::string name = "--" + option.name;
  if (option.value.empty()) {
    bound.app->add_flag(name, bound.flags[option.name], described(option));
    return;
  }
  CLI::Option* added = bound.app->add_option(name, bound.values[option.name], described(option));
  added->type_name(option.value)->expected(1);
  added->multi_option_policy(option.repeats ? CLI::MultiOptionPolicy::TakeAll
                                            : CLI::MultiOptionPolicy::TakeLast);
  if (!option.choices.empty()) added->check(CLI::IsMember(option.choices));
}

void bind_setting(Bound& bound, const Setting& setting) {
  const std::string range = range_words(setting);
  const std::string words =
      fmt::format("{}{}{}", setting.sentence, range.empty() ? "" : fmt::format(" [{}]", range),
                  setting.fallback.empty() ? "" : fmt::format(" [default: {}]", setting.fallback));
  std::string& slot = bound.settings[std::string(setting.name)];
  const std::size_t dot = setting.name.find('.');
  const std::string group =
      dot == std::string_view::npos ? "Settings" : fmt::format("Settings: {}", setting.name.substr(0, dot));
  bound.app->add_option("--" + flag_name(setting), slot, words)
      ->type_name(std::string(type_word(setting.type)))
      ->group(group);
}

void bind(Bound& bound) {
  const Verb& verb = *bound.verb;
  for (const OptionSpec& option : verb.options) bind_option(bound, option);
  if (!verb.positional.name.empty()) {
    CLI::Option* added =
        bound.app->add_option(verb.positional.name, bound.positionals, verb.positional.sentence);
    added->type_name("");
    added->expected(verb.positional.required ? 1 : 0, verb.positional.repeats ? 1 << 20 : 1);
    if (verb.positional.required) added->required();
  }
  if (verb.takes_settings) {
    for (const Setting& setting : settings()) bind_setting(bound, setting);
  }
  if (!verb.details.empty()) bound.app->footer(verb.details);
}

Arguments arguments_of(const Bound& bound) {
  Arguments out;
  for (const OptionSpec& option : bound.verb->options) {
    if (option.value.empty()) {
      if (bound.flags.at(option.name)) out.values[option.name] = {"true"};
      continue;
    }
    const auto& given = bound.values.at(option.name);
    if (!given.empty()) out.values[option.name] = given;
    if (given.empty() && !option.fallback.empty()) out.values[option.name] = {option.fallback};
  }
  for (const auto& [name, value] : bound.settings) {
    if (bound.app->count("--" + flag_name(*find_setting(name))) > 0) out.settings[name] = value;
  }
  out.positionals = bound.positionals;
  return out;
}

// The app of "catalog" for "catalog check": made once, wants one of its verbs, which are its description.
CLI::App* parent_of(CLI::App& root, const Verb& verb, std::string& own_name) {
  const std::size_t space = verb.name.find(' ');
  own_name = verb.name.substr(space == std::string::npos ? 0 : space + 1);
  if (space == std::string::npos) return &root;
  const std::string group = verb.name.substr(0, space);
  for (CLI::App* app : root.get_subcommands(nullptr)) {
    if (app->get_name() != group) continue;
    if (app->get_require_subcommand_min() > 0) app->description(app->get_description() + " | " + own_name);
    return app;
  }
  CLI::App* app = root.add_subcommand(group, own_name);
  app->require_subcommand(1);
  return app;
}

}  // namespace

int run_command_line(int argc, const char* const* argv) {
  CLI::App root(
      "Trimtab finds the small change that moves a whole system: it takes in telemetry, keeps it, and says\n"
      "what is out of the ordinary and why.",
      "trimtab");
  root.require_subcommand(1);
  root.footer(
      "Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 unavailable, 4 stored data damaged.\n"
      "Start with: trimtab serve --sample");
  root.get_formatter()->column_width(34);
  std::vector<std::unique_ptr<Bound>> bounds;
  for (const Verb& verb : verbs()) {
    std::string own_name;
    CLI::App* parent = parent_of(root, verb, own_name);
    auto bound = std::make_unique<Bound>();
    bound->verb = &verb;
    bound->app = parent->add_subcommand(own_name, verb.sentence);
    bind(*bound);
    bounds.push_back(std::move(bound));
  }
  try {
    root.parse(argc, argv);
  } catch (const CLI::Success& help) {
    root.exit(help);
    return kOk;
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "trimtab: {}\nRun trimtab --help, or trimtab VERB --help.\n", error.what());
    return kUsage;
  }
  for (const auto& bound : bounds) {
    // A verb that is also a group ("check", "check rules") is parsed on the way to the one that is meant.
    if (bound->app->parsed() && bound->app->get_subcommands().empty())
      return bound->verb->run(arguments_of(*bound));
  }
  return kUsage;
}

}  // namespace trimtab::cli
