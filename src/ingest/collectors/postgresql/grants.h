// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "targets/postgresql/connection.h"
#include "targets/target.h"

namespace trimtab::postgresql {

// What the session's role may see, and where the statistics of statements are.
struct ServerFacts {
  std::string role;
  std::string database;
  bool monitor = false;            // member of pg_monitor, or superuser
  bool statements_loaded = true;   // in shared_preload_libraries, as far as the role may know
  std::string statements_schema;   // "" when the extension is not in this database
  std::string statements_version;  // of the extension: "1.10"
};
Result<ServerFacts> read_facts(Connection& connection);

// One sentence a lack, each with the statement that repairs it; part name first.
std::vector<std::pair<std::string, std::string>> missing_grants(const ServerFacts& facts);
// The same for the role that may change things (Target::act_dsn): tables it does not own, settings it may
// not change.
Result<std::vector<std::string>> missing_act_grants(Connection& connection);

}  // namespace trimtab::postgresql
