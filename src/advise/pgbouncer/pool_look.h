// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "advise/advisor.h"
#include "targets/postgresql/connection.h"

namespace trimtab::advise::pgbouncer {

// What a PgBouncer's series say of one of its databases in kPoolWindowMs up to now; its pools, one a user,
// together. Counts are what was added within.
struct DatabaseLook {
  std::string name = {};
  std::string mode = {};  // "session", "transaction", "statement"; "" = not known or several
  double pool_size = 0;   // of each user's pool; 0: not known
  double pools = 0;       // with clients
  double transactions = 0;
  // Of clients, in transactions; the wait for a connection is in it (1.18 does so, the manual does not say).
  double transaction_seconds = 0;
  double wait_seconds = 0;       // of clients, for a server connection
  double waiting_share = 0;      // of the samples, with clients waiting while no connection was idle
  double waiting_mean = 0;       // clients
  double wait_most_seconds = 0;  // of one client
  double assigned_mean =
      0;                  // server connections that some client has: in a transaction, but for mode "session"
  double idle_least = 0;  // server connections idle at every moment
};
struct PoolerLook {
  double seconds = 0;                        // how long there have been samples
  std::vector<DatabaseLook> databases = {};  // by name, without the console
  double clients_most = 0;                   // at one moment, of the process
  double clients_limit = 0;                  // max_client_conn; 0: not known
};
// All but the modes. Errors: the querier's.
Result<PoolerLook> read_look(const Context& context, const std::string& instance);
// The modes, as SHOW POOLS tells them. Pure.
void read_modes(const trimtab::postgresql::Rows& pools, PoolerLook& look);

inline constexpr DurationMs kPoolWindowMs = kHourMs;

}  // namespace trimtab::advise::pgbouncer
