// SPDX-License-Identifier: Apache-2.0
#include "advise/pgbouncer/advisors.h"

#include <fmt/format.h>

#include "advise/pgbouncer/pool_look.h"
#include "advise/pgbouncer/pool_rules.h"
#include "advise/recommending.h"

namespace trimtab::advise::pgbouncer {

namespace {

constexpr DurationMs kTimeoutMs = 5 * kSecondMs;

class PgbouncerAdvisor final : public Advisor {
 public:
  explicit PgbouncerAdvisor(Target target) : target_(std::move(target)) {}

  std::string name() const override { return "pgbouncer.pools"; }

  Result<std::vector<Recommendation>> advise(const Context& context) override {
    PoolerLook look = TRY(read_look(context, target_.instance));
    std::vector<Recommendation> out;
    if (look.seconds * kSecondMs < static_cast<double>(kPoolWindowMinMs)) {
      out = {not_enough_data(fmt::format("pgbouncer|{}|needs", target_.name()),
                             "No advice on " + target_.instance + " yet", "1 more minute of samples")};
    } else {
      const auto console = TRY(trimtab::postgresql::Connection::open({.dsn = target_.dsn,
                                                                      .name = target_.name(),
                                                                      .connect_timeout_ms = kTimeoutMs,
                                                                      .statement_timeout_ms = kTimeoutMs,
                                                                      .console = true,
                                                                      .cancelled = context.cancelled}));
      read_modes(TRY(console->query("SHOW POOLS")), look);
      out = advise_pools(look, target_.name());
    }
    // The entity is as catalog/pgbouncer.yaml says.
    complete(out, name(), target_.name(), {"pooler", target_.instance}, context);
    return out;
  }

 private:
  const Target target_;
};

}  // namespace

std::vector<std::unique_ptr<Advisor>> create_advisors(const Target& target) {
  std::vector<std::unique_ptr<Advisor>> out;
  out.push_back(std::make_unique<PgbouncerAdvisor>(target));
  return out;
}

}  // namespace trimtab::advise::pgbouncer
