// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/result.h"
#include "server/configuration.h"

namespace trimtab {

// Everything wrong with a configuration and the files it names: settings, tokens, estate, catalogue,
// scrape jobs, rules, TLS files. Goes on after each problem. Opens no store and no socket.
std::vector<Error> check_configuration(const ConfigurationSources& sources);

}  // namespace trimtab
