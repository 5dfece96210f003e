// SPDX-License-Identifier: Apache-2.0
#include "server/configuration_check.h"

#include <fmt/format.h>

#include <fstream>

#include "act/door/door.h"
#include "act/policy.h"
#include "estate/catalog_check.h"
#include "ingest/scrape/scrape_config.h"
#include "server/rule_loading.h"
#include "store/remote_store.h"
#include "targets/target.h"

namespace trimtab {

std::vector<Error> check_configuration(const ConfigurationSources& sources) {
  std::vector<Error> problems;
  const Configuration configuration = load_configuration(sources, problems);
  Metrics unused;
  const auto keeper = Gatekeeper::create({.listen = configuration.http.listen,
                                          .allowed_hosts = configuration.allowed_hosts,
                                          .token_file = configuration.token_file},
                                         unused);
  if (!keeper) problems.push_back(keeper.error());
  for (const std::string& file : {configuration.http.tls_cert_file, configuration.http.tls_key_file}) {
    if (!file.empty() && !std::ifstream(file))
      problems.emplace_back(ErrorCode::kNotFound, fmt::format("tls: cannot open {}", file));
  }
  if (!configuration.estate_file.empty()) {
    const auto estate = Estate::load(configuration.estate_file);
    if (!estate) problems.push_back(estate.error());
  }
  for (const std::string& sentence : check_catalog(configuration.catalog_directories)) {
    problems.emplace_back(ErrorCode::kInvalid, sentence);
  }
  if (configuration.document) {
    const auto scraping = ScrapeSettings::from_yaml(*configuration.document);
    if (!scraping) problems.push_back(scraping.error());
    const auto targets = read_targets((*configuration.document)["collectors"]);
    if (!targets) problems.push_back(targets.error());
    const auto policy = act::Policy::read((*configuration.document)["policy"]);
    if (!policy) problems.push_back(policy.error());
    const auto doors = act::read_doors((*configuration.document)["doors"]);
    if (!doors) problems.push_back(doors.error());
    for (std::string& sentence : act::check_doors(doors.value_or(std::vector<act::Door>()))) {
      problems.emplace_back(ErrorCode::kInvalid, std::move(sentence));
    }
    load_rules(*configuration.document, problems);
    if (const Yaml remote = (*configuration.document)["remote"]; remote.exists()) {
      const auto options = RemoteStoreOptions::from_yaml(remote);
      if (!options) problems.push_back(options.error());
    }
  }
  return problems;
}

}  // namespace trimtab
