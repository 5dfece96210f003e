// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "advise/advisor.h"
#include "targets/target.h"

namespace trimtab::advise::postgresql {

// One full hour of a server, begun at a full hour of UTC.
struct HourLoad {
  TimestampMs begin_ms = 0;
  double load = 0;      // sessions at work on average, those of a backup not counted
  bool backup = false;  // a backup was seen
};

// Hours that follow each other, of every day or of one day of the week, and how quiet they were.
struct QuietWindow {
  int hour = 0;          // 0..23, UTC, when it begins
  int weekday = -1;      // 0 = Monday .. 6 of a weekly window; -1: daily
  int hours = 0;         // long
  double load = 0;       // mean over the days
  double load_most = 0;  // of the days' means, the highest
  double usual = 0;      // mean load of all hours
  std::size_t days = 0;  // it was seen whole
};

// The quietest `hours` hours of the day; with `weekly`, of the week. By the mean of the days' loads; a window
// that was not seen whole on kBackupDaysMin days (kBackupWeeksMin weeks) does not count. std::nullopt when
// there is none. Pure.
std::optional<QuietWindow> quietest_window(std::span<const HourLoad> hours, int length, bool weekly);

struct BackupAdvice {
  std::optional<QuietWindow> daily;   // not set: no advice
  std::optional<QuietWindow> weekly;  // only where it is quieter still, by a quarter
  int length = 0;                     // hours: of the backups seen, else kBackupHoursAssumed
  // What is now, where backups were seen on kBackupSightingsMin days; else `seen_days` is short of that.
  std::size_t seen_days = 0;
  int seen_from = 0;      // hour of the day at which most of them begin
  double seen_load = 0;   // mean over the hours in which they ran
  double change_low = 0;  // of the load beside the backup when it moved: least and most of the days
  double change_high = 0;
  std::string needs;  // not empty: not enough data
};

// When backups should run, from the load of at least kBackupDaysMin days. There is advice when the quietest
// hours have at most kQuietShareMax of the usual load, and the backups that are seen run in hours with
// kBusyFactorMin times the load of these (or none are seen). std::nullopt: nothing to say. Pure.
std::optional<BackupAdvice> advise_backup_window(std::span<const HourLoad> hours);

inline constexpr std::size_t kBackupDaysMin = 5;
inline constexpr std::size_t kBackupWeeksMin = 2;
inline constexpr std::size_t kBackupSightingsMin = 2;
inline constexpr int kBackupHoursAssumed = 2;
inline constexpr int kBackupHoursMax = 12;
inline constexpr double kQuietShareMax = 0.5;
inline constexpr double kBusyFactorMin = 2;
inline constexpr double kWeeklyQuieterMin = 0.75;
inline constexpr double kLoadMin = 0.01;  // sessions at work on average; below it any hour will do
inline constexpr DurationMs kBackupHistoryMs = 28 * kDayMs;

// Hours of the series until context.now_ms. Errors: the querier's.
Result<std::vector<HourLoad>> read_hours(const Context& context, const std::string& instance);

// "postgresql.backup": for people: how backups are started is not Trimtab's to change. One for each target.
std::unique_ptr<Advisor> create_backup_advisor(Target target);

}  // namespace trimtab::advise::postgresql
