// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "advise/advisor.h"

// Not "linux": compilers define that word.
namespace trimtab::advise::host {

inline constexpr double kNotKnown = std::numeric_limits<double>::quiet_NaN();

// One control group (version 2) as the host collector's series show it, since its limits last changed and at
// most kLookWindowMs back. Shares and means are over `seconds`.
struct GroupLook {
  std::string path;                   // "/system.slice/db.service": label `cgroup`
  double seconds = 0;                 // how long there have been samples
  double cpu_limit = 0;               // cores; 0: none
  double cpu_period = 0.1;            // seconds
  double cpu_used = kNotKnown;        // cores
  double periods = 0;                 // in which something wanted to run
  double throttled_periods = 0;       // in which the quota was used up
  double throttled_seconds = 0;       // that CPUs were kept from its threads, summed over CPUs
  double memory_usage = kNotKnown;    // bytes, file cache included; the most there was
  double memory_max = 0;              // bytes; 0: none
  double memory_high = 0;             // bytes; 0: none
  double memory_waiting = kNotKnown;  // share of time in which some thread waited for memory
  double oom_kills = 0;
  double working_set_peak = kNotKnown;  // bytes, over peak_seconds
  double peak_seconds = 0;
};

// The machine all of them share.
struct HostLook {
  double seconds = 0;
  double cpus = kNotKnown;
  double cpus_idle = kNotKnown;         // mean
  double memory_available = kNotKnown;  // bytes, the least there was
};

struct Look {
  HostLook host;
  std::vector<GroupLook> groups;  // by path
};

// Samples of one series.
struct Track {
  std::span<const TimestampMs> at_ms;
  std::span<const double> values;
};
// What a counter grew from `since_ms` on; after a fall it began anew at 0. 0 without samples.
double growth(const Track& counter, TimestampMs since_ms);
// When a gauge took the value it has now; of a missing one -infinity's stand-in, kTimestampMin.
TimestampMs unchanged_since(const Track& gauge);
// By metric name. Pure.
GroupLook read_group(std::string path, const std::map<std::string, Track, std::less<>>& series);
HostLook read_host(std::span<const Track> idle_seconds, const Track& memory_available);

// `instance`: label of the host collector's series. Errors: the querier's.
Result<Look> read_look(const Context& context, const std::string& instance);

inline constexpr DurationMs kLookWindowMs = 15 * kMinuteMs;
inline constexpr DurationMs kPeakWindowMs = 7 * kDayMs;
inline constexpr DurationMs kGoneAfterMs = 5 * kMinuteMs;  // without a sample; as long as PromQL looks back

}  // namespace trimtab::advise::host
