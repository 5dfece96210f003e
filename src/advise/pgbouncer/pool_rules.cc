// SPDX-License-Identifier: Apache-2.0
#include "advise/pgbouncer/pool_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "advise/postgresql/sessions.h"
#include "advise/recommending.h"
#include "base/format.h"

namespace trimtab::advise::pgbouncer {

namespace {

class PoolRules {
 public:
  PoolRules(const PoolerLook& look, const std::string& target)
      : look_(look),
        target_(target),
        period_("console, " + format_duration_human(static_cast<DurationMs>(look.seconds) * kSecondMs)) {}

  std::vector<Recommendation> run() {
    if (look_.seconds <= 0) return {};
    for (const DatabaseLook& database : look_.databases) {
      if (database.mode == "session") {
        session_mode(database);
      } else {
        too_small(database);
      }
      never_used(database);
    }
    clients();
    return std::move(out_);
  }

 private:
  void say(const std::string& what, std::string title, std::string why, std::vector<Fact> evidence) {
    out_.push_back(for_people(fmt::format("pgbouncer|{}|{}", target_, what), std::move(title), std::move(why),
                              std::move(evidence)));
  }

  // At most so many connections are in transactions at once: a wait before the first counts as well.
  double in_transactions(const DatabaseLook& database) const {
    return database.transaction_seconds / look_.seconds;
  }
  Fact fact_waiting(const DatabaseLook& database) const {
    return {
        "clients waiting",
        fmt::format("in {} of the samples, {} on average, up to {}",
                    format_with_unit(database.waiting_share, "ratio"), format_number(database.waiting_mean),
                    format_with_unit(database.wait_most_seconds, "seconds")),
        period_};
  }

  void too_small(const DatabaseLook& database) {
    if (database.transactions < kTransactionsMin || database.pool_size <= 0) return;
    const double each = database.assigned_mean * look_.seconds / database.transactions;
    const double wait = database.wait_seconds / database.transactions;
    const double connections = database.pool_size * std::max(1.0, database.pools);
    if (database.waiting_share < kWaitingShareMin || wait < kWaitPerUseMin * each || wait < kWaitSecondsMin ||
        database.assigned_mean < kBusyShareMin * connections) {
      return;
    }
    // Whoever waits would be in a transaction if there were a connection: that many would be busy.
    const double wanted = postgresql::pool_size((database.assigned_mean + database.waiting_mean) /
                                                std::max(1.0, database.pools));
    const double most = kPoolGrowthMax * database.pool_size;
    say("pool_size|" + database.name, fmt::format("Pool of {} is too small for its load", database.name),
        fmt::format(
            "Clients wait for a connection of the pool. About {:.0f} instead of {:.0f}{} would let nearly "
            "all "
            "find one free (`pool_size` of the database, or `default_pool_size`). That helps only while "
            "PostgreSQL itself has CPU time and disk to spare: look at its load first, and at the time "
            "transactions take, since half of it needs half the connections.",
            std::min(wanted, most), database.pool_size,
            wanted > most ? fmt::format(", then look again (all that wait now would be {:.0f})", wanted)
                          : ""),
        {fact_waiting(database),
         {"wait for a connection",
          fmt::format("{} a transaction of {}", format_with_unit(wait, "seconds"),
                      format_with_unit(each, "seconds")),
          period_},
         {"connections in transactions",
          fmt::format("{} of {} on average", format_number(database.assigned_mean),
                      format_number(connections)),
          period_}});
  }

  void session_mode(const DatabaseLook& database) {
    if (database.waiting_share < kWaitingShareMin || database.wait_most_seconds < kSessionWaitMin ||
        database.assigned_mean < 1 || in_transactions(database) > kSessionBusyMax * database.assigned_mean) {
      return;
    }
    say("mode|" + database.name,
        fmt::format("Clients of {} hold connections that they seldom use", database.name),
        "Under pool_mode session a connection belongs to a client until it leaves, and others wait for it. "
        "`pool_mode "
        "= transaction` lets them share, where the application keeps nothing in a session: no SET, no "
        "temporary "
        "tables, no LISTEN, no advisory locks of sessions, and named prepared statements only from PgBouncer "
        "1.21 on. "
        "Otherwise let the application give connections back sooner, or raise `pool_size`.",
        {fact_waiting(database),
         {"connections held", format_number(database.assigned_mean), period_},
         {"of these in transactions", "at most " + format_number(in_transactions(database)),
          "time in transactions by that of the samples (Little's law)"}});
  }

  void never_used(const DatabaseLook& database) {
    if (look_.seconds < kIdleWindowMin || database.idle_least < kIdleMin) return;
    say("idle|" + database.name, fmt::format("Connections to {} stay open that nobody uses", database.name),
        "Each takes memory of PostgreSQL and one of its max_connections. A lower `min_pool_size`, a shorter "
        "`server_idle_timeout`, or `server_round_robin = 0` lets them go.",
        {{"idle at every moment", format_number(database.idle_least), period_}});
  }

  void clients() {
    if (look_.clients_limit < kClientsMin || look_.clients_most < kClientsShareMin * look_.clients_limit)
      return;
    say("clients", "PgBouncer is near its limit of clients",
        "Beyond max_client_conn clients are refused. Raise it (a client takes a few kB, and an open file), "
        "or let "
        "applications hold fewer connections.",
        {{"clients at once",
          fmt::format("{} of {}", format_number(look_.clients_most), format_number(look_.clients_limit)),
          period_}});
  }

  const PoolerLook& look_;
  const std::string& target_;
  const std::string period_;
  std::vector<Recommendation> out_;
};

}  // namespace

std::vector<Recommendation> advise_pools(const PoolerLook& look, const std::string& target) {
  return PoolRules(look, target).run();
}

}  // namespace trimtab::advise::pgbouncer
