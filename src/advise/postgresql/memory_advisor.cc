// SPDX-License-Identifier: Apache-2.0
// Reads what the rules of memory.h judge, and words what they say.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "advise/postgresql/memory.h"
#include "advise/postgresql/planned_load.h"
#include "advise/postgresql/query_metrics.h"
#include "advise/series.h"
#include "base/format.h"

namespace trimtab::advise::postgresql {

using trimtab::postgresql::Connection;
using trimtab::postgresql::quote_name;
using trimtab::postgresql::Rows;

namespace {

constexpr double kMebibyte = 1 << 20;
constexpr DurationMs kLooksDayMs = kDayMs;
constexpr int kRelationsMax = 1000;
constexpr double kBuffersWalkedMax =
    16.0 * (1ULL << 30);  // bytes; walking them costs the more the more there are

std::string mebibytes(double bytes) { return fmt::format("{:.0f}MB", bytes / kMebibyte); }

class MemoryAdvisor final : public DatabaseAdvisor {
 public:
  MemoryAdvisor(Target target, MemoryOptions options)
      : DatabaseAdvisor(std::move(target), "postgresql.memory"),
        options_(std::move(options)),
        history_(options_.load_window_ms) {}

 protected:
  Result<std::vector<Recommendation>> look(Connection& connection, const AdvisedDatabase& where,
                                           const Context& context) override {
    MemoryLook now = TRY(read_memory(connection));
    std::optional<MachineMemory> machine;
    if (now.same_machine && !options_.host_instance.empty()) {
      machine = TRY(read_machine(context, options_.host_instance));
    }
    if (!first_ || !continues(*first_, now) || now.at_ms - first_->at_ms > kLooksDayMs) first_ = now;
    std::vector<Recommendation> out;
    const DurationMs seen = now.at_ms - first_->at_ms;
    if (seen < options_.window_ms) {
      const auto minutes = (options_.window_ms - seen + kMinuteMs - 1) / kMinuteMs;
      out.push_back(not_enough(where, "No advice on shared_buffers of " + where.instance + " yet",
                               fmt::format("{} more minutes of load", minutes)));
    } else if (const auto advice = advise_buffers(connection, now, machine)) {
      out.push_back(advice->needs.empty()
                        ? buffers(*advice, now, machine, where, static_cast<double>(seen) / kSecondMs)
                        : not_enough(where, "No advice on shared_buffers of " + where.instance + " yet",
                                     advice->needs));
    }
    if (const auto advice = advise_effective_cache(now, machine)) {
      if (advice->needs.empty()) {
        TRY(cache(connection, *advice, now, *machine, where, context, out));
      } else if (out.empty() || out.back().needs.empty()) {
        out.push_back(not_enough(where, "No advice on effective_cache_size of " + where.instance + " yet",
                                 advice->needs));
      }
    }
    return out;
  }

 private:
  // Whether all of them are used is asked last: it costs most.
  std::optional<BufferAdvice> advise_buffers(Connection& connection, MemoryLook& now,
                                             const std::optional<MachineMemory>& machine) const {
    auto advice = advise_shared_buffers(*first_, now, machine);
    if (!advice) return advice;
    now.unused_share = read_unused_share(connection);
    return advise_shared_buffers(*first_, now, machine);
  }

  static bool continues(const MemoryLook& before, const MemoryLook& now) {
    return now.at_ms >= before.at_ms && now.reset_ms == before.reset_ms &&
           now.started_ms == before.started_ms && now.shared_buffers == before.shared_buffers &&
           now.blocks_read >= before.blocks_read && now.reads_are_timed == before.reads_are_timed;
  }

  static Recommendation buffers(const BufferAdvice& advice, const MemoryLook& now,
                                const std::optional<MachineMemory>& machine, const AdvisedDatabase& where,
                                double seconds) {
    const std::string period =
        "the last " + format_duration_human(static_cast<DurationMs>(seconds) * kSecondMs);
    Recommendation out;
    out.fingerprint = fmt::format("postgresql.memory|{}|shared_buffers", where.target);
    out.title = fmt::format("Raise shared_buffers from {} to {} at the next restart",
                            format_bytes(now.shared_buffers), format_bytes(advice.wanted));
    out.why =
        "The same blocks are read again and again because there is no room to keep them, and sessions wait "
        "for it. It takes a restart, so a person decides when; afterwards the blocks read a second should "
        "fall within a day. If they do not, the earlier value belongs back.";
    out.evidence = {
        {"read again",
         fmt::format("at least {} of {} read", format_bytes(advice.bytes.reread),
                     format_bytes(advice.bytes.read)),
         "pg_statio_user_tables, " + period},
        {"requests that missed", format_with_unit(advice.miss_share, "ratio"), "pg_stat_database, " + period},
        {"waited for reads",
         fmt::format("{}, {} of the time at work", format_with_unit(advice.read_seconds, "seconds"),
                     format_with_unit(advice.wait_share, "ratio")),
         "track_io_timing, " + period},
        {"tables read again, with indexes", format_bytes(advice.bytes.relation_bytes), "their size"},
        {"shared_buffers", format_bytes(now.shared_buffers), "pg_settings"},
        {"to do",
         fmt::format("ALTER SYSTEM SET shared_buffers = '{}'; then restart the server",
                     mebibytes(advice.wanted)),
         "manual 20.4.1"},
        {"to take back", "ALTER SYSTEM with the earlier value, or RESET; then restart", "manual 20.4.1"}};
    if (machine) {
      out.evidence.push_back({"memory available",
                              fmt::format("{} of {} at the least", format_bytes(machine->available_least),
                                          format_bytes(machine->total)),
                              "node_memory_MemAvailable_bytes, 24 h"});
    } else {
      out.evidence.push_back({"memory available",
                              "not known here: make sure that " +
                                  format_bytes(advice.wanted - now.shared_buffers) +
                                  " more are free on the server's machine",
                              "no host metrics of that machine"});
    }
    out.verify.target = {
        .title = "blocks read into shared_buffers",
        .expression = "sum(rate(pg_stat_database_blks_read" + where.labels() + "[{{.step}}]))",
        .unit = "1/s",
        .worse = WorseDirection::kUp};
    const double share = advice.bytes.read > 0 ? advice.bytes.reread / advice.bytes.read : 0;
    out.expected = {out.verify.target.expression, -share, 0};
    out.benefit_seconds_per_day = 0.5 * share * advice.read_seconds * 86400 / seconds;
    out.risk = Risk::kMedium;
    out.risk_reason =
        "a restart; memory that the file cache and sessions no longer have; a larger shared memory segment "
        "may "
        "need larger kernel limits or huge pages";
    out.cost = format_bytes(advice.wanted - now.shared_buffers) + " of memory and a restart";
    return out;
  }

  // Only where it would change plans that matter: they are made with both values in this session alone.
  Status cache(Connection& connection, const CacheAdvice& advice, const MemoryLook& now,
               const MachineMemory& machine, const AdvisedDatabase& where, const Context& context,
               std::vector<Recommendation>& out) {
    auto snapshot = read_statements(connection);
    if (!snapshot) return ok();  // other advisors say what is missing
    const Workload workload = history_.add(std::move(*snapshot));
    if (workload.window_ms < options_.load_window_ms) return ok();
    const std::vector<Plan> before = TRY(plan_all(connection, workload, context));
    TRY(connection.execute(fmt::format("SET effective_cache_size = '{}'", mebibytes(advice.wanted))));
    const auto after = plan_all(connection, workload, context);
    TRY(connection.execute("RESET effective_cache_size"));
    if (!after) return std::unexpected(after.error());
    double seconds = 0;
    std::vector<std::string> ids;
    for (const std::size_t query : changed_plans(before, *after)) {
      seconds += workload.queries[query].seconds;
      ids.push_back(workload.queries[query].id);
    }
    if (ids.empty() || seconds < kPlansChangedShareMin * workload.seconds) return ok();
    out.push_back(
        cache_recommendation(advice, now, machine, where, ids, seconds / std::max(1e-9, workload.seconds)));
    return ok();
  }

  static Recommendation cache_recommendation(const CacheAdvice& advice, const MemoryLook& now,
                                             const MachineMemory& machine, const AdvisedDatabase& where,
                                             const std::vector<std::string>& ids, double share) {
    const std::string value = mebibytes(advice.wanted);
    Recommendation out;
    out.fingerprint = fmt::format("postgresql.set|{}|effective_cache_size", where.target);
    out.title = fmt::format("Set effective_cache_size to {}", value);
    out.why = fmt::format(
        "The planner believes in a cache of {}; {} are there. With the true size it makes other plans for {} "
        "statement{} of the load.",
        format_bytes(now.effective_cache), format_bytes(advice.cached), ids.size(),
        ids.size() == 1 ? "" : "s");
    out.evidence = {{"effective_cache_size", format_bytes(now.effective_cache), "pg_settings"},
                    {"shared_buffers", format_bytes(now.shared_buffers), "pg_settings"},
                    {"file cache of the machine", format_bytes(machine.file_cache_least) + " at the least",
                     "node_memory_Cached, Buffers, Shmem, 24 h"},
                    {"all databases", format_bytes(now.data_bytes), "pg_database_size"},
                    {"time of statements with another plan",
                     format_with_unit(share, "ratio") + " of the load", "EXPLAIN with both values"}};
    out.action = {
        .type = "postgresql.set",
        .target = where.target,
        .parameters = {{"setting", "effective_cache_size"}, {"value", value}},
        .apply = fmt::format("ALTER SYSTEM SET effective_cache_size = '{}'; SELECT pg_reload_conf()", value),
        .undo =
            "the earlier line of postgresql.auto.conf, or ALTER SYSTEM RESET effective_cache_size; SELECT "
            "pg_reload_conf()"};
    const QuerySeries series{where.instance, where.database};
    out.verify.target = {.title = "mean time of the statements with another plan",
                         .expression = mean_time_expression(series, ids),
                         .unit = "seconds",
                         .worse = WorseDirection::kUp};
    // Costs under two cache sizes can not be compared: between nothing and what a better plan is often worth.
    out.expected = {out.verify.target.expression, -0.3, 0};
    out.verify.minimum_effect = 0.02;
    out.verify.guards = {statements_guard(where)};
    out.verify.step_ms = kMinuteMs;
    out.verify.before_ms = kHourMs;
    out.verify.observe_min_ms = 15 * kMinuteMs;
    out.risk = Risk::kMedium;
    out.risk_reason = "plans may change for any statement, in every database of the server";
    out.cost = out.risk_reason;
    return out;
  }

  const MemoryOptions options_;
  SnapshotHistory history_;
  std::optional<MemoryLook> first_;
};

}  // namespace

Result<MemoryLook> read_memory_settings(Connection& connection) {
  constexpr int kActiveTimeSince = 140000;
  const char* active = connection.server_version() >= kActiveTimeSince ? "d.active_time / 1000" : "0";
  const Rows rows = TRY(connection.query(fmt::format(
      "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint, "
      "coalesce((extract(epoch FROM d.stats_reset) * 1000)::bigint, 0), "
      "(extract(epoch FROM pg_postmaster_start_time()) * 1000)::bigint, "
      "current_setting('block_size')::float8, pg_size_bytes(current_setting('shared_buffers')), "
      "pg_size_bytes(current_setting('effective_cache_size')), "
      "(SELECT sum(CASE WHEN has_database_privilege(oid, 'CONNECT') OR pg_has_role('pg_read_all_stats', "
      "'MEMBER') THEN pg_database_size(oid) END) FROM pg_database WHERE datallowconn), "
      "d.blks_hit, d.blks_read, d.blk_read_time / 1000, {}, current_setting('track_io_timing') = 'on', "
      "inet_server_addr() IS NULL OR (host(inet_server_addr()) IN ('127.0.0.1', '::1') "
      "AND host(inet_client_addr()) IN ('127.0.0.1', '::1')) "
      "FROM pg_stat_database d WHERE d.datname = current_database()",
      active)));
  MemoryLook look{.at_ms = rows.integer(0, 0),
                  .reset_ms = rows.integer(0, 1),
                  .started_ms = rows.integer(0, 2),
                  .block_size = rows.number(0, 3),
                  .shared_buffers = rows.number(0, 4),
                  .effective_cache = rows.number(0, 5),
                  .data_bytes = rows.number(0, 6),
                  .blocks_hit = rows.number(0, 7),
                  .blocks_read = rows.number(0, 8),
                  .read_seconds = rows.number(0, 9),
                  .active_seconds = rows.number(0, 10),
                  .reads_are_timed = rows.text(0, 11) == "t",
                  .same_machine = rows.text(0, 12) == "t",
                  .unused_share = {},
                  .relations = {}};
  return look;
}

Result<MemoryLook> read_memory(Connection& connection) {
  MemoryLook look = TRY(read_memory_settings(connection));
  const Rows tables = TRY(connection.query(fmt::format(
      "SELECT io.schemaname, io.relname, pg_table_size(io.relid), pg_indexes_size(io.relid), "
      "coalesce(io.heap_blks_read, 0) + coalesce(io.toast_blks_read, 0) + coalesce(io.tidx_blks_read, 0), "
      "coalesce(io.idx_blks_read, 0), coalesce(s.seq_scan, 0) + s.vacuum_count + s.autovacuum_count "
      "FROM pg_statio_user_tables io JOIN pg_stat_user_tables s USING (relid) JOIN pg_class c ON c.oid = "
      "io.relid ORDER BY c.relpages DESC, c.oid LIMIT {}",
      kRelationsMax)));
  for (std::size_t row = 0; row < tables.size(); ++row) {
    look.relations[{tables.text(row, 0), tables.text(row, 1)}] = {.heap_bytes = tables.number(row, 2),
                                                                  .index_bytes = tables.number(row, 3),
                                                                  .heap_read = tables.number(row, 4),
                                                                  .index_read = tables.number(row, 5),
                                                                  .whole_scans = tables.number(row, 6)};
  }
  return look;
}

std::optional<double> read_unused_share(Connection& connection) {
  const auto extension = connection.query(
      "SELECT n.nspname, pg_size_bytes(current_setting('shared_buffers')) FROM pg_extension e "
      "JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_buffercache'");
  if (!extension || extension->size() == 0 || extension->number(0, 1) > kBuffersWalkedMax)
    return std::nullopt;
  const auto unused = connection.query(
      fmt::format("SELECT count(*) FILTER (WHERE relfilenode IS NULL)::float8 / count(*) FROM {}",
                  quote_name(extension->text(0, 0), "pg_buffercache")));
  if (!unused || unused->size() == 0) return std::nullopt;
  return unused->number(0, 0);
}

Result<std::optional<MachineMemory>> read_machine(const Context& context, const std::string& host_instance) {
  const std::string labels = fmt::format("{{job=\"host\",instance={}}}", promql_string(host_instance));
  const std::string window = fmt::format("[{:.0f}h", kMachineHours);
  MachineMemory out;
  out.total = TRY(value_now(context, "node_memory_MemTotal_bytes" + labels));
  if (std::isnan(out.total)) return std::nullopt;
  out.available_least = TRY(
      value_now(context, fmt::format("min_over_time(node_memory_MemAvailable_bytes{}{}])", labels, window)));
  out.file_cache_least = TRY(value_now(
      context, fmt::format("min_over_time((node_memory_Cached_bytes{0} + node_memory_Buffers_bytes{0} - "
                           "node_memory_Shmem_bytes{0}){1}:5m])",
                           labels, window)));
  // A quarter of an hour less than all of it counts as all: the first samples lie anywhere in a step.
  const double seconds = TRY(value_now(
      context,
      fmt::format("time() - min_over_time(timestamp(node_memory_MemTotal_bytes{}){}:5m])", labels, window)));
  if (std::isnan(out.available_least) || std::isnan(out.file_cache_least) || std::isnan(seconds)) {
    return std::nullopt;
  }
  out.hours = seconds / 3600 + 0.25;
  return out;
}

std::unique_ptr<Advisor> create_memory_advisor(Target target, MemoryOptions options) {
  return std::make_unique<MemoryAdvisor>(std::move(target), std::move(options));
}

}  // namespace trimtab::advise::postgresql
