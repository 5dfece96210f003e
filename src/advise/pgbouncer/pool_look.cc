// SPDX-License-Identifier: Apache-2.0
#include "advise/pgbouncer/pool_look.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "advise/series.h"

namespace trimtab::advise::pgbouncer {

namespace {

class Reader {
 public:
  Reader(const Context& context, const std::string& instance)
      : context_(context), labels_(fmt::format("{{instance={}}}", promql_string(instance))) {}

  // {all} stands for the matchers of this instance, {window} and {subquery} for the time looked at.
  Result<NumbersByLabels> ask(std::string_view form, std::span<const std::string_view> labels) const {
    constexpr auto kSeconds = kPoolWindowMs / kSecondMs;
    return values_now(context_,
                      fmt::format(fmt::runtime(form), fmt::arg("all", labels_),
                                  fmt::arg("window", fmt::format("[{}s]", kSeconds)),
                                  fmt::arg("subquery", fmt::format("[{}s:5s]", kSeconds))),
                      labels);
  }
  Result<double> one(std::string_view form, double otherwise) const {
    const auto found = TRY(ask(form, {}));
    return found.empty() || !std::isfinite(found.begin()->second) ? otherwise : found.begin()->second;
  }

 private:
  const Context& context_;
  const std::string labels_;
};

struct Known {
  double DatabaseLook::* field;
  std::string_view form;  // gives one number for each label "database"
};
constexpr Known kKnown[] = {
    {&DatabaseLook::transactions,
     "sum by (database) (increase(pgbouncer_stats_totals_sql_transactions_pooled_total{all}{window}))"},
    {&DatabaseLook::transaction_seconds,
     "sum by (database) (increase(pgbouncer_stats_totals_server_in_transaction_seconds_total{all}{window}))"},
    {&DatabaseLook::wait_seconds,
     "sum by (database) (increase(pgbouncer_stats_totals_client_wait_seconds_total{all}{window}))"},
    {&DatabaseLook::waiting_share,
     "max by (database) (avg_over_time(((pgbouncer_pools_client_waiting_connections{all} > bool 0) * "
     "(pgbouncer_pools_server_idle_connections{all} == bool 0)){subquery}))"},
    {&DatabaseLook::waiting_mean,
     "sum by (database) (avg_over_time(pgbouncer_pools_client_waiting_connections{all}{window}))"},
    {&DatabaseLook::wait_most_seconds,
     "max by (database) (max_over_time(pgbouncer_pools_client_maxwait_seconds{all}{window}))"},
    {&DatabaseLook::assigned_mean,
     "sum by (database) (avg_over_time(pgbouncer_pools_server_active_connections{all}{window}))"},
    {&DatabaseLook::idle_least,
     "sum by (database) (min_over_time(pgbouncer_pools_server_idle_connections{all}{window}))"},
    {&DatabaseLook::pools,
     "count by (database) (max_over_time(pgbouncer_pools_client_active_connections{all}{window}) + "
     "max_over_time(pgbouncer_pools_client_waiting_connections{all}{window}) > 0)"},
};

}  // namespace

Result<PoolerLook> read_look(const Context& context, const std::string& instance) {
  constexpr std::array<std::string_view, 1> kDatabase = {"database"};
  constexpr std::array<std::string_view, 1> kEntry = {"name"};
  const Reader reader(context, instance);
  PoolerLook out;
  out.seconds = TRY(reader.one("time() - min(min_over_time(timestamp(pgbouncer_up{all}){subquery}))", 0));
  if (out.seconds <= 0) return out;
  // The console's name for the database of clients is "name" here, and "database" in the pools.
  for (const auto& [key, size] : TRY(reader.ask("pgbouncer_databases_pool_size{all}", kEntry))) {
    if (key[0] == "pgbouncer") continue;
    DatabaseLook database;
    database.name = key[0];
    database.pool_size = size;
    out.databases.push_back(std::move(database));
  }
  for (const Known& known : kKnown) {
    const auto numbers = TRY(reader.ask(known.form, kDatabase));
    for (DatabaseLook& database : out.databases) {
      const auto found = numbers.find({database.name});
      if (found != numbers.end() && std::isfinite(found->second)) database.*(known.field) = found->second;
    }
  }
  out.clients_most = TRY(reader.one("max(max_over_time(pgbouncer_used_clients{all}{window}))", 0));
  out.clients_limit = TRY(reader.one("max(pgbouncer_config_max_client_connections{all})", 0));
  return out;
}

void read_modes(const trimtab::postgresql::Rows& pools, PoolerLook& look) {
  const auto column = [&](std::string_view name) {
    return static_cast<std::size_t>(std::ranges::find(pools.columns, name) - pools.columns.begin());
  };
  const std::size_t name = column("database"), mode = column("pool_mode");
  if (name == pools.columns.size() || mode == pools.columns.size()) return;
  for (DatabaseLook& database : look.databases) {
    std::set<std::string> modes;
    for (std::size_t row = 0; row < pools.size(); ++row) {
      if (pools.text(row, name) == database.name) modes.insert(std::string(pools.text(row, mode)));
    }
    database.mode = modes.size() == 1 ? *modes.begin() : "";
  }
}

}  // namespace trimtab::advise::pgbouncer
