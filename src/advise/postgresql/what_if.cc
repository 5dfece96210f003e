// SPDX-License-Identifier: Apache-2.0
#include "advise/postgresql/what_if.h"

#include <fmt/format.h>

namespace trimtab::advise::postgresql {

using trimtab::postgresql::Connection;
using trimtab::postgresql::quote_name;

namespace {

// "<13556>btree_orders_customer_id" -> "13556"; "" for an index that exists.
std::string hypothetical_oid(const std::string& index) {
  const std::size_t end = index.find('>');
  return index.starts_with('<') && end != std::string::npos ? index.substr(1, end - 1) : std::string();
}

}  // namespace

Result<std::unique_ptr<WhatIf>> WhatIf::create(Connection& connection, Planner& planner,
                                               std::vector<int> ids) {
  const auto rows =
      TRY(connection.query("SELECT n.nspname FROM pg_extension e JOIN pg_namespace n "
                           "ON n.oid = e.extnamespace WHERE e.extname = 'hypopg'"));
  if (rows.size() == 0) {
    return fail(ErrorCode::kNotFound,
                "hypopg is not in this database: install its package and run CREATE EXTENSION hypopg");
  }
  std::unique_ptr<WhatIf> out(
      new WhatIf(connection, planner, quote_name(rows.text(0, 0)) + ".", std::move(ids)));
  TRY(connection.query(fmt::format("SELECT {}hypopg_reset()", out->schema_)));
  return out;
}

WhatIf::WhatIf(Connection& connection, Planner& planner, std::string schema, std::vector<int> ids)
    : connection_(connection), planner_(planner), schema_(std::move(schema)), ids_(std::move(ids)) {}

WhatIf::~WhatIf() { static_cast<void>(connection_.query(fmt::format("SELECT {}hypopg_reset()", schema_))); }

Result<double> WhatIf::add(const trimtab::postgresql::IndexSpec& spec) {
  if (statements_.size() >= kCandidatesMax) {
    return fail(ErrorCode::kLimit, fmt::format("more than {} candidate indexes", kCandidatesMax));
  }
  const std::size_t candidate = statements_.size();
  statements_.push_back(trimtab::postgresql::create_index_statement(spec, false));
  Status made = make(candidate);
  if (!made) {
    statements_.pop_back();
    return std::unexpected(made.error());
  }
  const auto rows = TRY(connection_.query(fmt::format("SELECT {}hypopg_relation_size($1::oid)", schema_),
                                          {oids_.at(candidate)}));
  TRY(show({}));
  return rows.number(0, 0);
}

Status WhatIf::make(std::size_t candidate) {
  const auto rows = TRY(connection_.query(
      fmt::format("SELECT indexrelid FROM {}hypopg_create_index($1)", schema_), {statements_[candidate]}));
  if (rows.size() != 1) return invalid(fmt::format("hypopg made {} indexes of one statement", rows.size()));
  oids_[candidate] = rows.text(0, 0);
  return ok();
}

Status WhatIf::show(const CandidateSet& existing) {
  for (auto it = oids_.begin(); it != oids_.end();) {
    if (existing[it->first]) {
      ++it;
      continue;
    }
    TRY(connection_.query(fmt::format("SELECT {}hypopg_drop_index($1::oid)", schema_), {it->second}));
    it = oids_.erase(it);
  }
  for (std::size_t i = 0; i < statements_.size(); ++i) {
    if (existing[i] && !oids_.contains(i)) TRY(make(i));
  }
  return ok();
}

Result<Plan> WhatIf::plan(std::size_t query, const CandidateSet& existing) {
  TRY(show(existing));
  return planner_.explain(ids_[query]);
}

Result<CostOracle::Answer> WhatIf::ask(std::size_t query, const CandidateSet& existing) {
  const Plan seen = TRY(plan(query, existing));
  Answer answer;
  answer.cost = seen.cost();
  for (const PlanNode& node : seen.nodes) {
    const std::string oid = hypothetical_oid(node.index);
    if (oid.empty()) continue;
    for (const auto& [candidate, its] : oids_) {
      if (its == oid) answer.used.set(candidate);
    }
  }
  return answer;
}

}  // namespace trimtab::advise::postgresql
