// SPDX-License-Identifier: Apache-2.0
#include "server/configuration.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "server/settings.h"

namespace trimtab {
namespace {

// Keys at the top of the file that other rooms read.
constexpr std::string_view kForeignSections[] = {"remote",     "global", "scrape_configs", "rule_files",
                                                 "collectors", "policy", "doors"};

std::string_view section_of(std::string_view name) { return name.substr(0, name.find('.')); }

void check_keys(const Yaml& document, std::vector<Error>& problems) {
  std::vector<std::string_view> top(std::begin(kForeignSections), std::end(kForeignSections));
  std::map<std::string_view, std::vector<std::string_view>> sections;
  for (const Setting& setting : settings()) {
    const std::string_view section = section_of(setting.name);
    if (std::find(top.begin(), top.end(), section) == top.end()) top.push_back(section);
    if (section.size() < setting.name.size())
      sections[section].push_back(setting.name.substr(section.size() + 1));
  }
  if (const Status known = document.only_keys(top); !known) problems.push_back(known.error());
  for (const auto& [section, keys] : sections) {
    if (const Status known = document[section].only_keys(keys); !known) problems.push_back(known.error());
  }
}

Yaml find_in(const Yaml& document, std::string_view name) {
  const std::string_view section = section_of(name);
  return section.size() == name.size() ? document[name] : document[section][name.substr(section.size() + 1)];
}

Result<SettingValue> read_yaml(const Setting& setting, const Yaml& yaml) {
  if (setting.type == SettingType::kTexts) {
    SettingValue value;
    value.texts = TRY(yaml.strings());
    return value;
  }
  const std::string text = TRY(yaml.string());
  auto value = parse_setting(setting, text);
  if (!value) return yaml.error(value.error().message());
  return value;
}

std::optional<std::string> process_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

// The value of one setting from the strongest source that has it.
Result<SettingValue> value_of(const Setting& setting, const ConfigurationSources& sources,
                              const std::optional<Yaml>& document) {
  const auto from_text = [&](const std::string& place, std::string_view text) -> Result<SettingValue> {
    auto value = parse_setting(setting, text);
    if (!value) return std::unexpected(value.error().within(place));
    return value;
  };
  if (const auto flag = sources.flags.find(setting.name); flag != sources.flags.end()) {
    return from_text("--" + flag_name(setting), flag->second);
  }
  const std::string variable = environment_name(setting);
  const auto environment =
      sources.environment ? sources.environment(variable) : process_environment(variable);
  if (environment && !environment->empty()) return from_text(variable, *environment);
  if (document) {
    const Yaml yaml = find_in(*document, setting.name);
    if (yaml.exists()) return read_yaml(setting, yaml);
  }
  return from_text("default of " + std::string(setting.name), setting.fallback);
}

Configuration assemble(const ConfigurationSources& sources, std::optional<Yaml> document,
                       std::vector<Error>& problems) {
  Configuration configuration;
  configuration.file = sources.file;
  if (document && !document->is_map()) {
    problems.push_back(document->error("expected a map of settings").error());
    document.reset();
  }
  if (document) check_keys(*document, problems);
  for (const Setting& setting : settings()) {
    const auto value = value_of(setting, sources, document);
    if (value) {
      setting.assign(configuration, *value);
      configuration.effective.emplace(
          setting.name, value->texts.empty() ? value->text : fmt::format("{}", fmt::join(value->texts, ",")));
    } else {
      problems.push_back(value.error());
    }
  }
  if (configuration.http.tls_cert_file.empty() != configuration.http.tls_key_file.empty()) {
    problems.emplace_back(ErrorCode::kInvalid,
                          "tls.cert_file and tls.key_file belong together; one is missing");
  }
  configuration.document = std::move(document);
  return configuration;
}

}  // namespace

Configuration load_configuration(const ConfigurationSources& sources, std::vector<Error>& problems) {
  std::optional<Yaml> document;
  if (!sources.file.empty()) {
    auto parsed = Yaml::parse_file_with_environment(sources.file);
    if (parsed) {
      document = std::move(*parsed);
    } else {
      problems.push_back(parsed.error());
    }
  }
  return assemble(sources, std::move(document), problems);
}

Result<Configuration> load_configuration(const ConfigurationSources& sources) {
  std::vector<Error> problems;
  Configuration configuration = load_configuration(sources, problems);
  if (!problems.empty()) return std::unexpected(problems.front());
  return configuration;
}

Configuration load_configuration_text(std::string_view yaml, std::string_view file_name,
                                      std::vector<Error>& problems) {
  ConfigurationSources sources;
  sources.environment = [](const std::string&) { return std::nullopt; };
  auto parsed = Yaml::parse(yaml, file_name);
  std::optional<Yaml> document;
  if (parsed) {
    document = std::move(*parsed);
  } else {
    problems.push_back(parsed.error());
  }
  return assemble(sources, std::move(document), problems);
}

}  // namespace trimtab
