// SPDX-License-Identifier: Apache-2.0
#include "advise/postgresql/server_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "advise/postgresql/query_metrics.h"
#include "advise/series.h"
#include "base/format.h"

namespace trimtab::advise::postgresql {

using trimtab::postgresql::Connection;
using trimtab::postgresql::quote_name;
using trimtab::postgresql::Rows;

namespace {

constexpr double kMebibyte = 1 << 20;
constexpr DurationMs kLookKeptMs = kDayMs;

// Next power of two of mebibytes.
double rounded_up_mebibytes(double bytes) {
  return std::exp2(std::ceil(std::log2(std::max(1.0, bytes / kMebibyte))));
}

class Rules {
 public:
  Rules(const ServerLook& from, const ServerLook& to, const AdvisedDatabase& where)
      : from_(from),
        to_(to),
        where_(where),
        seconds_(static_cast<double>(to.at_ms - from.at_ms) / kSecondMs) {}

  std::vector<SettingAdvice> run() {
    if (seconds_ <= 0 || to_.wal_bytes < from_.wal_bytes || to_.temp_bytes < from_.temp_bytes ||
        to_.blocks_read < from_.blocks_read || to_.checkpoints_timed < from_.checkpoints_timed) {
      return {};  // counters were reset in between
    }
    max_wal_size();
    wal_compression();
    work_mem();
    random_page_cost();
    return std::move(out_);
  }

 private:
  double setting(const std::string& name) const {
    const auto found = to_.settings.find(name);
    return found == to_.settings.end() ? 0 : found->second;
  }
  std::string period() const {
    return "the last " + format_duration_human(static_cast<DurationMs>(seconds_) * kSecondMs);
  }
  std::string instance() const { return fmt::format("{{instance={}}}", promql_string(where_.instance)); }

  void max_wal_size() {
    const double requested = to_.checkpoints_requested - from_.checkpoints_requested;
    const double all = requested + to_.checkpoints_timed - from_.checkpoints_timed;
    const double now = setting("max_wal_size"), timeout = setting("checkpoint_timeout");
    if (all < kCheckpointsMin || requested <= 0.5 * all || now <= 0 || timeout <= 0) return;
    const double rate = (to_.wal_bytes - from_.wal_bytes) / seconds_;
    const double wanted = std::min(kWalBytesMax, rounded_up_mebibytes(2.5 * rate * timeout) * kMebibyte);
    if (wanted <= 1.2 * now) return;
    out_.push_back(
        {.setting = "max_wal_size",
         .value = fmt::format("{:.0f}MB", wanted / kMebibyte),
         .why = "Most checkpoints start because the WAL is full, not because it is time: each writes "
                "all changed pages anew and makes the next changes dearer.",
         .evidence = {{"checkpoints", fmt::format("{} of {} asked for by size", requested, all),
                       "pg_stat_bgwriter, " + period()},
                      {"WAL written", format_bytes(rate) + "/s", "pg_stat_wal, " + period()},
                      {"max_wal_size", format_bytes(now), "pg_settings"}},
         .metric = "sum(rate(pg_stat_bgwriter_checkpoints_req_total" + instance() + "[{{.step}}]))",
         .unit = "1/s",
         .low = -1,
         .high = -0.5,
         .risk = Risk::kLow,
         .risk_reason = fmt::format("up to {} more on disk; recovery after a crash reads more WAL",
                                    format_bytes(wanted - now))});
  }

  void wal_compression() {
    const double bytes = to_.wal_bytes - from_.wal_bytes;
    const double pages = to_.wal_full_pages - from_.wal_full_pages;
    constexpr double kWalWorthBytes = 1ULL << 30;
    const double share = bytes > 0 ? std::min(1.0, pages * setting("block_size") / bytes) : 0;
    if (setting("wal_compression") != 0 || bytes < kWalWorthBytes || share < 0.5) return;
    out_.push_back(
        {.setting = "wal_compression",
         .value = "on",
         .why = "Most of the WAL can be full page images, which compress.",
         .evidence = {{"full page images",
                       fmt::format("up to {} of the WAL's bytes", format_with_unit(share, "ratio")),
                       "pg_stat_wal, " + period()},
                      {"WAL written", format_bytes(bytes), "pg_stat_wal, " + period()}},
         .metric = "sum(rate(pg_stat_wal_bytes_total" + instance() + "[{{.step}}]))",
         .unit = "bytes/s",
         .low = -0.8 * share,
         .high = -0.1 * share,
         .risk = Risk::kLow,
         .risk_reason = "some CPU time for each page image"});
  }

  void work_mem() {
    const double files = to_.temp_files - from_.temp_files;
    const double bytes = to_.temp_bytes - from_.temp_bytes;
    const double now = setting("work_mem");
    if (files < 10 || bytes < kTempBytesMin || now <= 0) return;
    const double wanted = rounded_up_mebibytes(2 * bytes / files) * kMebibyte;
    if (wanted <= now) return;
    const double room = 0.5 * setting("shared_buffers");
    if (wanted * std::max(1.0, to_.backends) > room) return;
    out_.push_back({.setting = "work_mem",
                    .value = fmt::format("{:.0f}MB", wanted / kMebibyte),
                    .why = "Sorts and hashes spill into temporary files that would fit into memory.",
                    .evidence = {{"temporary files",
                                  fmt::format("{} files, {}", format_number(files), format_bytes(bytes)),
                                  "pg_stat_database, " + period()},
                                 {"work_mem", format_bytes(now), "pg_settings"},
                                 {"sessions", format_number(to_.backends), "pg_stat_activity"}},
                    .metric = "sum(rate(pg_stat_database_temp_bytes" + where_.labels() + "[{{.step}}]))",
                    .unit = "bytes/s",
                    .low = -1,
                    .high = -0.3,
                    .risk = Risk::kMedium,
                    .risk_reason = "each sort or hash of each session may take that much memory"});
  }

  void random_page_cost() {
    const double reads = to_.blocks_read - from_.blocks_read;
    const double seconds = to_.block_read_seconds - from_.block_read_seconds;
    const double now = setting("random_page_cost");
    if (reads < kTimedReadsMin || seconds <= 0 || now < 2 || seconds / reads >= kFastReadSeconds) return;
    out_.push_back(
        {.setting = "random_page_cost",
         .value = "1.5",
         .why = "A block comes from storage far faster than a disk arm moves, which is what the present "
                "value stands for; index scans look dearer to the planner than they are.",
         .evidence = {{"time of a block", format_with_unit(seconds / reads, "seconds"),
                       fmt::format("track_io_timing, {} blocks, {}", format_number(reads), period())},
                      {"random_page_cost", format_number(now), "pg_settings"}},
         .metric = mean_time_expression({where_.instance, where_.database}, {}),
         .unit = "seconds",
         .low = -0.3,
         .high = 0,
         .risk = Risk::kMedium,
         .risk_reason = "plans may change for any statement"});
  }

  const ServerLook& from_;
  const ServerLook& to_;
  const AdvisedDatabase& where_;
  double seconds_;
  std::vector<SettingAdvice> out_;
};

class SettingsAdvisor final : public DatabaseAdvisor {
 public:
  SettingsAdvisor(Target target, DurationMs window_ms)
      : DatabaseAdvisor(std::move(target), "postgresql.settings"), window_ms_(window_ms) {}

 protected:
  Result<std::vector<Recommendation>> look(Connection& connection, const AdvisedDatabase& where,
                                           const Context&) override {
    ServerLook now = TRY(read_server(connection));
    if (!first_ || now.at_ms < first_->at_ms || now.at_ms - first_->at_ms > kLookKeptMs) first_ = now;
    const DurationMs seen = now.at_ms - first_->at_ms;
    if (seen < window_ms_) {
      const auto minutes = (window_ms_ - seen + kMinuteMs - 1) / kMinuteMs;
      return std::vector{not_enough(where, "No advice on settings of " + where.instance + " yet",
                                    fmt::format("{} more minutes of load", minutes))};
    }
    std::vector<Recommendation> out;
    for (SettingAdvice& advice : advise_settings(*first_, now, where)) {
      out.push_back(recommendation(std::move(advice), where));
    }
    return out;
  }

 private:
  static Recommendation recommendation(SettingAdvice advice, const AdvisedDatabase& where) {
    Recommendation out;
    out.fingerprint = fmt::format("postgresql.set|{}|{}", where.target, advice.setting);
    out.title = fmt::format("Set {} to {}", advice.setting, advice.value);
    out.why = std::move(advice.why);
    out.evidence = std::move(advice.evidence);
    out.action = {
        .type = "postgresql.set",
        .target = where.target,
        .parameters = {{"setting", advice.setting}, {"value", advice.value}},
        .apply = fmt::format("ALTER SYSTEM SET {} = {}; SELECT pg_reload_conf()", quote_name(advice.setting),
                             trimtab::postgresql::quote_literal(advice.value)),
        .undo = fmt::format("the earlier line of postgresql.auto.conf, or ALTER SYSTEM RESET {}; SELECT "
                            "pg_reload_conf()",
                            quote_name(advice.setting))};
    out.expected = {advice.metric, advice.low, advice.high};
    out.risk = advice.risk;
    out.risk_reason = std::move(advice.risk_reason);
    out.cost = out.risk_reason;
    out.verify.target = {.title = "what " + advice.setting + " should change",
                         .expression = advice.metric,
                         .unit = advice.unit,
                         .worse = WorseDirection::kUp};
    out.verify.minimum_effect = std::max(0.02, 0.5 * std::abs(advice.high));
    const Guard statements = statements_guard(where);
    if (advice.metric != statements.measure.expression) out.verify.guards = {statements};
    out.verify.step_ms = kMinuteMs;
    out.verify.before_ms = kHourMs;
    out.verify.observe_min_ms = 15 * kMinuteMs;
    return out;
  }

  DurationMs window_ms_;
  std::optional<ServerLook> first_;
};

}  // namespace

Result<ServerLook> read_server(Connection& connection) {
  const int version = connection.server_version();
  constexpr int kSeparateCheckpointer = 170000, kWalView = 140000;
  const char* checkpoints = version >= kSeparateCheckpointer
                                ? "SELECT num_timed, num_requested FROM pg_stat_checkpointer"
                                : "SELECT checkpoints_timed, checkpoints_req FROM pg_stat_bgwriter";
  const char* wal = version >= kWalView ? "SELECT wal_bytes, wal_fpi FROM pg_stat_wal" : "SELECT 0, 0";
  const Rows rows = TRY(connection.query(fmt::format(
      "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint, c.*, w.*, d.temp_files, "
      "d.temp_bytes, d.blks_read, d.blk_read_time / 1000, (SELECT count(*) FROM pg_stat_activity WHERE "
      "backend_type = 'client backend') FROM ({}) c, ({}) w, pg_stat_database d "
      "WHERE d.datname = current_database()",
      checkpoints, wal)));
  ServerLook look{.at_ms = rows.integer(0, 0),
                  .checkpoints_timed = rows.number(0, 1),
                  .checkpoints_requested = rows.number(0, 2),
                  .wal_bytes = rows.number(0, 3),
                  .wal_full_pages = rows.number(0, 4),
                  .temp_files = rows.number(0, 5),
                  .temp_bytes = rows.number(0, 6),
                  .blocks_read = rows.number(0, 7),
                  .block_read_seconds = rows.number(0, 8),
                  .backends = rows.number(0, 9),
                  .settings = {}};
  const Rows settings = TRY(connection.query(
      "SELECT name, CASE WHEN unit IN ('8kB', 'kB', 'MB', 'B') THEN pg_size_bytes(setting || ' "
      "' || "
      "CASE unit WHEN '8kB' THEN 'kB' ELSE unit END) * CASE unit WHEN '8kB' THEN 8 ELSE 1 END "
      "ELSE CASE WHEN setting ~ '^-?[0-9.]+$' THEN setting::float8 WHEN setting = 'off' THEN 0 ELSE 1 END "
      "END "
      "FROM pg_settings WHERE name IN ('max_wal_size', 'checkpoint_timeout', 'work_mem', 'shared_buffers', "
      "'random_page_cost', 'wal_compression', 'block_size', 'max_connections')"));
  for (std::size_t row = 0; row < settings.size(); ++row) {
    look.settings[settings.text(row, 0)] = settings.number(row, 1);
  }
  return look;
}

std::vector<SettingAdvice> advise_settings(const ServerLook& from, const ServerLook& to,
                                           const AdvisedDatabase& where) {
  return Rules(from, to, where).run();
}

std::unique_ptr<Advisor> create_settings_advisor(Target target, DurationMs window_ms) {
  return std::make_unique<SettingsAdvisor>(std::move(target), window_ms);
}

}  // namespace trimtab::advise::postgresql
