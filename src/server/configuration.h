// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "analyze/analyzer.h"
#include "base/log.h"
#include "base/result.h"
#include "base/yaml.h"
#include "ingest/receiver.h"
#include "rules/rule_manager.h"
#include "server/http_server.h"
#include "server/query_settings.h"
#include "store/embedded_store.h"

namespace trimtab {

// Everything that can be set, after flags, environment and file have had their say. The defaults stand
// in one place only: the registry in settings.cc.
struct Configuration {
  HttpServerOptions http;
  std::vector<std::string> allowed_hosts;
  std::string token_file;

  std::string data_directory;
  EmbeddedStoreOptions store;  // .directory is set when the store is opened
  ReceiveLimits receive;
  QuerySettings query;
  RuleManagerOptions rules;

  bool host_enabled = true;
  DurationMs host_interval_ms = 0;
  bool host_act = false;

  DurationMs analysis_interval_ms = 0;
  DurationMs analysis_resolve_after_ms = 0;
  AnalysisOptions analysis;
  DurationMs self_scrape_interval_ms = 0;
  DurationMs advice_interval_ms = 0;

  std::string estate_file;
  std::vector<std::string> catalog_directories;

  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kLogfmt;

  std::string file;                                           // "" when none was given
  std::map<std::string, std::string, std::less<>> effective;  // every setting by name, as one would write it
  std::optional<Yaml> document;  // sections that have their own readers: remote, global, scrape_configs,
                                 // rule_files, collectors
};

struct ConfigurationSources {
  std::string file;                                                           // "": none
  std::function<std::optional<std::string>(const std::string&)> environment;  // unset: the process's own
  std::map<std::string, std::string, std::less<>> flags;                      // setting name -> value
};

// Flags win over the environment, the environment over the file, the file over defaults. Errors say
// where the value came from: "--store.cache-bytes: ...", "TRIMTAB_LISTEN: ...", "trimtab.yaml:3: listen:
// ...".
Result<Configuration> load_configuration(const ConfigurationSources& sources);
// The same, going on after a problem; `problems` gets one sentence for each.
Configuration load_configuration(const ConfigurationSources& sources, std::vector<Error>& problems);
// From YAML text instead of a file; for tests and fuzzing.
Configuration load_configuration_text(std::string_view yaml, std::string_view file_name,
                                      std::vector<Error>& problems);

}  // namespace trimtab
