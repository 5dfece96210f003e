// SPDX-License-Identifier: Apache-2.0
#include "advise/postgresql/backup_window.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>

namespace trimtab::advise::postgresql {

namespace {

constexpr std::size_t kWholeDayHours = 20;  // of 24, for a day to count as seen

std::int64_t day_of(TimestampMs at) { return at / kDayMs; }
int hour_of(TimestampMs at) { return static_cast<int>(at % kDayMs / kHourMs); }
// 1970-01-01 was a Thursday.
int weekday_of(TimestampMs at) { return static_cast<int>((day_of(at) + 3) % 7); }

using ByBegin = std::map<TimestampMs, const HourLoad*>;

ByBegin by_begin(std::span<const HourLoad> hours) {
  ByBegin out;
  for (const HourLoad& hour : hours) out[hour.begin_ms] = &hour;
  return out;
}

// Mean load of `length` hours from `begin` on; NaN when one is missing.
double mean_from(const ByBegin& hours, TimestampMs begin, int length) {
  double sum = 0;
  for (int i = 0; i < length; ++i) {
    const auto found = hours.find(begin + i * kHourMs);
    if (found == hours.end()) return std::nan("");
    sum += found->second->load;
  }
  return sum / length;
}

double mean_load(std::span<const HourLoad> hours) {
  double sum = 0;
  for (const HourLoad& hour : hours) sum += hour.load;
  return hours.empty() ? 0 : sum / static_cast<double>(hours.size());
}

// Hours with a backup that follow each other.
struct BackupRun {
  TimestampMs begin_ms = 0;
  int hours = 0;
  double load = 0;
};
std::vector<BackupRun> backup_runs(const ByBegin& hours) {
  std::vector<BackupRun> out;
  for (const auto& [begin, hour] : hours) {
    if (!hour->backup) continue;
    const bool goes_on = !out.empty() && out.back().begin_ms + out.back().hours * kHourMs == begin;
    if (!goes_on) out.push_back({begin, 0, 0});
    ++out.back().hours;
  }
  for (BackupRun& run : out) run.load = mean_from(hours, run.begin_ms, run.hours);
  return out;
}

template <typename Of>
int most_frequent(const std::vector<BackupRun>& runs, Of of) {
  std::map<int, int> counts;
  for (const BackupRun& run : runs) ++counts[of(run)];
  return std::ranges::max_element(counts, {}, [](const auto& entry) { return entry.second; })->first;
}

void compare_with_present(BackupAdvice& advice, const ByBegin& hours, const std::vector<BackupRun>& runs) {
  double sum = 0, all = 0;
  for (const BackupRun& run : runs) {
    sum += run.load * run.hours;
    all += run.hours;
  }
  advice.seen_load = sum / all;
  advice.seen_from = most_frequent(runs, [](const BackupRun& run) { return hour_of(run.begin_ms); });
  bool any = false;
  for (const BackupRun& run : runs) {
    const TimestampMs begin = day_of(run.begin_ms) * kDayMs + advice.daily->hour * kHourMs;
    const double quiet = mean_from(hours, begin, advice.length);
    if (std::isnan(quiet) || run.load <= 0) continue;
    const double change = quiet / run.load - 1;
    advice.change_low = any ? std::min(advice.change_low, change) : change;
    advice.change_high = any ? std::max(advice.change_high, change) : change;
    any = true;
  }
}

}  // namespace

std::optional<QuietWindow> quietest_window(std::span<const HourLoad> hours, int length, bool weekly) {
  const ByBegin known = by_begin(hours);
  struct Seen {
    double sum = 0;
    double most = 0;
    std::size_t days = 0;
  };
  std::map<std::pair<int, int>, Seen> windows;  // (weekday or -1, hour)
  for (const auto& [begin, hour] : known) {
    const double mean = mean_from(known, begin, length);
    if (std::isnan(mean)) continue;
    Seen& seen = windows[{weekly ? weekday_of(begin) : -1, hour_of(begin)}];
    seen.sum += mean;
    seen.most = std::max(seen.most, mean);
    ++seen.days;
  }
  std::optional<QuietWindow> out;
  for (const auto& [when, seen] : windows) {
    if (seen.days < (weekly ? kBackupWeeksMin : kBackupDaysMin)) continue;
    const double mean = seen.sum / static_cast<double>(seen.days);
    if (out && mean >= out->load) continue;
    out = QuietWindow{.hour = when.second,
                      .weekday = when.first,
                      .hours = length,
                      .load = mean,
                      .load_most = seen.most,
                      .usual = mean_load(hours),
                      .days = seen.days};
  }
  return out;
}

std::optional<BackupAdvice> advise_backup_window(std::span<const HourLoad> hours) {
  std::map<std::int64_t, std::size_t> hours_of_day;
  for (const HourLoad& hour : hours) ++hours_of_day[day_of(hour.begin_ms)];
  const auto days = static_cast<std::size_t>(
      std::ranges::count_if(hours_of_day, [](const auto& entry) { return entry.second >= kWholeDayHours; }));
  BackupAdvice out;
  if (days < kBackupDaysMin) {
    const std::size_t missing = kBackupDaysMin - days;
    out.needs = fmt::format("{} more day{} of load", missing, missing == 1 ? "" : "s");
    return out;
  }
  const ByBegin known = by_begin(hours);
  const std::vector<BackupRun> runs = backup_runs(known);
  std::set<std::int64_t> seen;
  for (const BackupRun& run : runs) seen.insert(day_of(run.begin_ms));
  out.seen_days = seen.size();
  const bool present = out.seen_days >= kBackupSightingsMin;
  out.length = present
                   ? std::min(kBackupHoursMax, most_frequent(runs, [](const auto& run) { return run.hours; }))
                   : kBackupHoursAssumed;
  out.daily = quietest_window(hours, out.length, false);
  if (!out.daily || out.daily->usual < kLoadMin || out.daily->load > kQuietShareMax * out.daily->usual) {
    return std::nullopt;
  }
  if (present) {
    compare_with_present(out, known, runs);
    if (out.seen_load < kBusyFactorMin * std::max(kLoadMin, out.daily->load)) return std::nullopt;
  }
  const auto weekly = quietest_window(hours, out.length, true);
  if (weekly && weekly->load <= kWeeklyQuieterMin * out.daily->load) out.weekly = weekly;
  return out;
}

}  // namespace trimtab::advise::postgresql
