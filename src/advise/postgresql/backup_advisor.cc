// SPDX-License-Identifier: Apache-2.0
// Reads what the rules of backup_window.h judge, and words what they say.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <map>

#include "advise/postgresql/backup_window.h"
#include "advise/postgresql/database_advisor.h"
#include "advise/series.h"
#include "base/format.h"

namespace trimtab::advise::postgresql {

using trimtab::postgresql::Connection;
using trimtab::postgresql::Rows;

namespace {

// By the end of the hour; absent where there is nothing.
Result<std::map<TimestampMs, double>> hourly(const Context& context, TimestampMs end_ms,
                                             const std::string& expression) {
  constexpr DurationMs kTimeoutMs = 30 * kSecondMs;
  const auto query = TRY(context.querier.prepare(expression));
  promql::QueryOptions options;
  options.limits.timeout_ms = kTimeoutMs;
  options.cancelled = context.cancelled;
  const promql::Answer answer =
      TRY(query->run(promql::QueryWindow::over(end_ms - kBackupHistoryMs, end_ms, kHourMs), options));
  std::map<TimestampMs, double> out;
  if (answer.rows() == 0) return out;
  for (std::size_t column = 0; column < answer.columns; ++column) {
    const double value = answer.row(0)[column];
    if (!std::isnan(value)) {
      out[answer.start_ms + static_cast<DurationMs>(column) * answer.step_ms] = value;
    }
  }
  return out;
}

std::string clock(int hour) { return fmt::format("{:02}:00", hour % 24); }

std::string words(const QuietWindow& window) {
  constexpr std::array<std::string_view, 7> kDays = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                     "Friday", "Saturday", "Sunday"};
  return fmt::format(
      "{}{} to {} UTC",
      window.weekday < 0 ? "" : fmt::format("{} ", kDays[static_cast<std::size_t>(window.weekday)]),
      clock(window.hour), clock(window.hour + window.hours));
}

Fact quiet_fact(std::string name, const QuietWindow& window) {
  return {std::move(name),
          fmt::format("{}: {} sessions at work, {} at the most; {} of the usual {}", words(window),
                      format_number(window.load), format_number(window.load_most),
                      format_with_unit(window.load / window.usual, "ratio"), format_number(window.usual)),
          fmt::format("pg_stat_activity, {} {}", window.days, window.weekday < 0 ? "days" : "weeks")};
}

class BackupAdvisor final : public DatabaseAdvisor {
 public:
  explicit BackupAdvisor(Target target) : DatabaseAdvisor(std::move(target), "postgresql.backup") {}

 protected:
  Result<std::vector<Recommendation>> look(Connection& connection, const AdvisedDatabase& where,
                                           const Context& context) override {
    // A new full hour is news; in between the answer stands.
    const TimestampMs hour = context.now_ms / kHourMs;
    if (hour != read_at_hour_) {
      hours_ = TRY(read_hours(context, where.instance));
      read_at_hour_ = hour;
    }
    std::vector<Recommendation> out;
    const auto advice = advise_backup_window(hours_);
    if (!advice) return out;
    if (!advice->needs.empty()) {
      out.push_back(
          not_enough(where, "No advice on the backup hours of " + where.instance + " yet", advice->needs));
      return out;
    }
    const Rows archiver =
        TRY(connection.query("SELECT current_setting('archive_mode') <> 'off', archived_count, failed_count "
                             "FROM pg_stat_archiver"));
    out.push_back(recommendation(*advice, archiver, where));
    return out;
  }

 private:
  static Recommendation recommendation(const BackupAdvice& advice, const Rows& archiver,
                                       const AdvisedDatabase& where) {
    const QuietWindow& window = *advice.daily;
    const bool present = advice.seen_days >= kBackupSightingsMin;
    Recommendation out;
    out.fingerprint = fmt::format("postgresql.backup|{}", where.target);
    out.evidence = {quiet_fact("quietest hours of the day", window)};
    if (advice.weekly) out.evidence.push_back(quiet_fact("quietest hours of the week", *advice.weekly));
    if (present) {
      out.title = fmt::format("Move the backup from {} to {}", clock(advice.seen_from), words(window));
      out.why = "The backup runs while others work, and takes disk, network and cache from them.";
      out.evidence.push_back(
          {"backups now",
           fmt::format("mostly begin at {} UTC, on {} days, with {} sessions at work beside them",
                       clock(advice.seen_from), advice.seen_days, format_number(advice.seen_load)),
           "pg_stat_progress_basebackup, COPY TO STDOUT"});
      const std::string labels = fmt::format("{{instance={}}}", promql_string(where.instance));
      out.verify.target = {
          .title = "sessions at work while a backup runs",
          .expression = fmt::format("sum(pg_stat_activity_count{{instance={},state=\"active\"}}) and on () "
                                    "(sum(pg_backup_sessions{}) > 0)",
                                    promql_string(where.instance), labels),
          .unit = "sessions",
          .worse = WorseDirection::kUp};
      out.expected = {out.verify.target.expression, advice.change_low, advice.change_high};
    } else {
      out.title = fmt::format("Take backups at {}", words(window));
      out.why = fmt::format(
          "These are the quietest hours. No backup was seen by pg_basebackup, pg_dump or another COPY; one "
          "below the database (a snapshot of the disk) would not be. {} hours are assumed.",
          advice.length);
    }
    out.evidence.push_back({"WAL archive",
                            archiver.text(0, 0) == "t" ? fmt::format("on, {} files archived, {} failed",
                                                                     format_number(archiver.number(0, 1)),
                                                                     format_number(archiver.number(0, 2)))
                                                       : std::string("off"),
                            "pg_stat_archiver"});
    out.risk_reason = "other work that was put into these hours on purpose";
    out.cost = "a change of the schedule; the old one takes it back";
    return out;
  }

  TimestampMs read_at_hour_ = -1;
  std::vector<HourLoad> hours_;
};

}  // namespace

Result<std::vector<HourLoad>> read_hours(const Context& context, const std::string& instance) {
  const TimestampMs end = context.now_ms / kHourMs * kHourMs;
  const std::string of = "instance=" + promql_string(instance);
  // States come and go with their waits, so the sum is held against the rounds, not against its own samples.
  const auto rounds = TRY(hourly(context, end, fmt::format("sum(count_over_time(pg_up{{{}}}[1h]))", of)));
  const auto active =
      TRY(hourly(context, end,
                 fmt::format("sum(sum_over_time(pg_stat_activity_count{{{},state=\"active\"}}[1h]))", of)));
  const auto backups =
      TRY(hourly(context, end, fmt::format("sum(max_over_time(pg_backup_sessions{{{}}}[1h]))", of)));
  const auto copies = TRY(hourly(
      context, end, fmt::format("sum(sum_over_time(pg_backup_sessions{{{},method=\"copy\"}}[1h]))", of)));
  std::vector<double> counts;
  for (const auto& [at, count] : rounds) counts.push_back(count);
  std::ranges::sort(counts);
  const double enough = counts.empty() ? 0 : 0.5 * counts[counts.size() / 2];
  const auto value = [](const std::map<TimestampMs, double>& from, TimestampMs at) {
    const auto found = from.find(at);
    return found == from.end() ? 0.0 : found->second;
  };
  std::vector<HourLoad> out;
  for (const auto& [at, count] : rounds) {
    if (count < enough || count <= 0 || !active.contains(at)) continue;
    const double load = std::max(0.0, value(active, at) - value(copies, at)) / count;
    out.push_back({at - kHourMs, load, value(backups, at) > 0});
  }
  return out;
}

std::unique_ptr<Advisor> create_backup_advisor(Target target) {
  return std::make_unique<BackupAdvisor>(std::move(target));
}

}  // namespace trimtab::advise::postgresql
