// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "advise/postgresql/plan.h"
#include "advise/postgresql/statement_text.h"
#include "base/result.h"
#include "targets/postgresql/connection.h"

namespace trimtab::advise::postgresql {

// Asks the server how it would run statements whose constants are not known: generic plans, by PREPARE and
// EXPLAIN EXECUTE with plan_cache_mode = force_generic_plan (PostgreSQL 12 and later). Nothing is executed:
// each question is one statement (the extended protocol takes no second one) in a read-only transaction
// that is rolled back, with a time-out. Planning may still evaluate immutable functions with the rights of
// this session: see refuse_foreign_code(). Externally locked, as its connection.
class Planner {
 public:
  // The connection must outlive it.
  static Result<Planner> create(trimtab::postgresql::Connection& connection);

  // Makes the statement known under `id` (any number the caller likes, reused after forget()). Errors: the
  // server's: parameters whose type cannot be inferred, unknown tables, a missing privilege.
  Status prepare(int id, const StatementText& statement);
  void forget(int id);
  // The plan now, with all indexes the session knows of, hypothetical ones included.
  Result<Plan> explain(int id);

  std::int64_t explain_count() const { return explain_count_; }

  static constexpr DurationMs kTimeoutMs = 5 * kSecondMs;  // of one plan

 private:
  explicit Planner(trimtab::postgresql::Connection& connection) : connection_(&connection) {}

  trimtab::postgresql::Connection* connection_;
  std::map<int, int> parameters_;  // of what is prepared
  std::int64_t explain_count_ = 0;
};

// A superuser that plans a statement runs the immutable and stable functions in it as superuser, whoever
// wrote them. Errors: kDenied when this session is a superuser and the database holds such functions of
// others.
Status refuse_foreign_code(trimtab::postgresql::Connection& connection);

}  // namespace trimtab::advise::postgresql
