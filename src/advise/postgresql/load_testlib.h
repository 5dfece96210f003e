// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace trimtab::advise::postgresql {

// A schema with data, and a load on it: statements as pg_stat_statements keeps them, with how often they run.
struct TestLoad {
  std::string schema_sql;
  std::vector<std::pair<std::string, double>> statements;
};

// After TPC-H (tables, keys and the shape of its queries; the data is even, small and made by formula).
TestLoad decision_support_load();
// After the join order benchmark: films, people and companies, joined by four to six tables.
TestLoad join_heavy_load();

}  // namespace trimtab::advise::postgresql
