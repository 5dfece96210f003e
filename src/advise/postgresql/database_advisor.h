// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "advise/advisor.h"
#include "targets/postgresql/connection.h"
#include "targets/target.h"

namespace trimtab::advise::postgresql {

// Whose advice it is.
struct AdvisedDatabase {
  std::string target;    // "postgresql/main"
  std::string instance;  // label of its series
  std::string database;
  EntityRef entity() const { return {"database", database + "@" + instance}; }
  // {instance="..",datname=".."}, with more labels behind: ",relname=\"t\"".
  std::string labels(const std::string& more = {}) const;
};

// The mean time of all of the database's statements may not get worse by a fifth and 50 us.
Guard statements_guard(const AdvisedDatabase& where);

// What the advisors of one PostgreSQL target share: a read-only connection a pass, and what every
// recommendation says about where it belongs.
class DatabaseAdvisor : public Advisor {
 public:
  DatabaseAdvisor(Target target, std::string name) : target_(std::move(target)), name_(std::move(name)) {}

  std::string name() const final { return name_; }
  Result<std::vector<Recommendation>> advise(const Context& context) final;

 protected:
  // Fills in all but advisor, entity, owner, tier, target and times.
  virtual Result<std::vector<Recommendation>> look(trimtab::postgresql::Connection& connection,
                                                   const AdvisedDatabase& where, const Context& context) = 0;

  // A kNotEnoughData of this advisor.
  Recommendation not_enough(const AdvisedDatabase& where, std::string title, std::string needs) const;
  const Target& target() const { return target_; }

 private:
  Target target_;
  std::string name_;
};

}  // namespace trimtab::advise::postgresql
