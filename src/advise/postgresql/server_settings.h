// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "advise/advisor.h"
#include "advise/postgresql/database_advisor.h"
#include "base/result.h"
#include "targets/target.h"

namespace trimtab::advise::postgresql {

// What the server did, cumulative, and how it is set; at one moment.
struct ServerLook {
  TimestampMs at_ms = 0;  // the server's clock
  double checkpoints_timed = 0;
  double checkpoints_requested = 0;
  double wal_bytes = 0;
  double wal_full_pages = 0;
  double temp_files = 0;  // of this database
  double temp_bytes = 0;
  double blocks_read = 0;
  double block_read_seconds = 0;           // 0 when track_io_timing is off
  double backends = 0;                     // client sessions now
  std::map<std::string, double> settings;  // numbers in base units: bytes, seconds; switches as 0 and 1
};

Result<ServerLook> read_server(trimtab::postgresql::Connection& connection);

// One setting that what was observed speaks against.
struct SettingAdvice {
  std::string setting;
  std::string value;  // as ALTER SYSTEM takes it: "4096MB"
  std::string why;
  std::vector<Fact> evidence;
  std::string metric;  // with {{.step}}
  std::string unit;
  double low = 0;  // expected relative change of the metric
  double high = 0;
  Risk risk = Risk::kLow;
  std::string risk_reason;
};

// Rules, each on what happened between the two looks; none on what "one usually sets":
// - max_wal_size: more than half of at least kCheckpointsMin checkpoints were asked for by the WAL's size. To
//   what the WAL of 2.5 checkpoint_timeouts takes at the rate seen (a checkpoint starts at about half of
//   max_wal_size, manual 30.5), at most kWalBytesMax.
// - wal_compression: at least half of the WAL's bytes can be full page images.
// - work_mem: temporary files were written; to twice their mean size, when as many sessions as now, each with
//   that much, fit into half of shared_buffers' bytes: the only memory we know this machine has.
// - random_page_cost: blocks come from storage in less than kFastReadSeconds, measured by track_io_timing.
// Pure.
std::vector<SettingAdvice> advise_settings(const ServerLook& from, const ServerLook& to,
                                           const AdvisedDatabase& where);

inline constexpr double kCheckpointsMin = 4;
inline constexpr double kWalBytesMax = 64.0 * (1ULL << 30);
inline constexpr double kTempBytesMin = 256.0 * (1 << 20);
inline constexpr double kFastReadSeconds = 200e-6;
inline constexpr double kTimedReadsMin = 10000;
inline constexpr DurationMs kServerWindowMs = 30 * kMinuteMs;  // less between two looks is not enough data

// "postgresql.settings". One for each target. `window_ms` as kServerWindowMs; smaller in tests.
std::unique_ptr<Advisor> create_settings_advisor(Target target, DurationMs window_ms = kServerWindowMs);

}  // namespace trimtab::advise::postgresql
