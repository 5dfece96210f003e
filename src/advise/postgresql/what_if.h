// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "advise/postgresql/index_selection.h"
#include "advise/postgresql/planner.h"
#include "targets/postgresql/index_statement.h"

namespace trimtab::advise::postgresql {

// What plans would cost if indexes existed, by HypoPG: hypothetical indexes live in this session alone,
// cost no disk and are seen by EXPLAIN only. Externally locked, as the planner's connection.
class WhatIf final : public CostOracle {
 public:
  // `ids` are the prepared statements of the planner, by query number. Errors: kNotFound when the extension
  // hypopg is not in this database. Connection and planner must outlive it.
  static Result<std::unique_ptr<WhatIf>> create(trimtab::postgresql::Connection& connection, Planner& planner,
                                                std::vector<int> ids);
  ~WhatIf() override;

  // Makes the candidate known; its number is the bit of CandidateSet. Gives its estimated bytes. Errors: the
  // server's, when it refuses such an index (a type without order); kLimit after kCandidatesMax.
  Result<double> add(const trimtab::postgresql::IndexSpec& spec);

  Result<Answer> ask(std::size_t query, const CandidateSet& existing) override;
  // The plan behind an answer.
  Result<Plan> plan(std::size_t query, const CandidateSet& existing);

 private:
  WhatIf(trimtab::postgresql::Connection& connection, Planner& planner, std::string schema,
         std::vector<int> ids);
  Status make(std::size_t candidate);
  Status show(const CandidateSet& existing);

  trimtab::postgresql::Connection& connection_;
  Planner& planner_;
  std::string schema_;  // of the extension, quoted, with its dot
  std::vector<int> ids_;
  std::vector<std::string> statements_;      // by candidate
  std::map<std::size_t, std::string> oids_;  // of the candidates that exist now
};

}  // namespace trimtab::advise::postgresql
