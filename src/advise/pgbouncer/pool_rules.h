// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "advise/pgbouncer/pool_look.h"
#include "ledger/recommendation.h"

namespace trimtab::advise::pgbouncer {

// Whether pools fit what goes through them, all of it for people: pgbouncer.ini is not Trimtab's to change.
// docs/advice-pgbouncer.md has the reasoning. Pure; `target`: "pgbouncer/main".
// - pool_size: clients wait with no connection idle in kWaitingShareMin of the samples, for kWaitPerUseMin of
//   a transaction's time, while kBusyShareMin of the connections are in transactions: by Little's law as many
//   are needed as are busy and waited for. kTransactionsMin or more were seen.
// - mode: they wait under pool_mode session, while connections that others hold are in transactions for at
//   most kSessionBusyMax of the time.
// - idle: kIdleMin connections or more were idle at every moment of the hour.
// - clients: kClientsShareMin of max_client_conn.
std::vector<Recommendation> advise_pools(const PoolerLook& look, const std::string& target);

inline constexpr double kTransactionsMin = 200;
inline constexpr double kWaitingShareMin = 0.1;
inline constexpr double kWaitPerUseMin = 0.1;
inline constexpr double kWaitSecondsMin = 0.001;  // a transaction
inline constexpr double kBusyShareMin = 0.7;
inline constexpr double kPoolGrowthMax = 2;
inline constexpr double kSessionBusyMax = 0.2;
inline constexpr double kSessionWaitMin = 1;  // seconds
inline constexpr double kIdleMin = 20;
inline constexpr double kIdleWindowMin = 3300;  // seconds of the hour
inline constexpr double kClientsShareMin = 0.9;
inline constexpr double kClientsMin = 10;

}  // namespace trimtab::advise::pgbouncer
