// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "advise/advisor.h"
#include "advise/postgresql/database_advisor.h"
#include "advise/postgresql/plan.h"
#include "advise/postgresql/table_facts.h"
#include "advise/postgresql/workload.h"
#include "base/result.h"
#include "targets/target.h"

namespace trimtab::advise::postgresql {

// What was asked of one table's blocks since the statistics were reset. A block that is not in shared_buffers
// counts as read, whether the file cache of the machine has it or not.
struct RelationReads {
  double heap_bytes = 0;   // size of the table now, TOAST included
  double index_bytes = 0;  // of all its indexes
  double heap_read = 0;    // blocks, cumulative
  double index_read = 0;
  double whole_scans = 0;  // sequential scans and vacuums: each may read the whole heap, cumulative
};

// A server's memory and what its blocks cost it, at one moment. Counts are of this database and cumulative.
struct MemoryLook {
  TimestampMs at_ms = 0;       // the server's clock
  TimestampMs reset_ms = 0;    // of the database's statistics; 0: never
  TimestampMs started_ms = 0;  // of the server
  double block_size = 8192;    // bytes
  double shared_buffers = 0;   // bytes
  double effective_cache = 0;  // bytes, the setting
  double data_bytes = 0;       // of all databases that may be asked
  double blocks_hit = 0;
  double blocks_read = 0;
  double read_seconds = 0;             // waited for blocks; 0 without track_io_timing
  double active_seconds = 0;           // sessions at work; 0 before version 14
  bool reads_are_timed = false;        // track_io_timing
  bool same_machine = false;           // as far as the session's address tells: reached by socket or loopback
  std::optional<double> unused_share;  // of shared_buffers, by pg_buffercache where it is created
  std::map<TableName, RelationReads> relations;
};

// The machine by the host collector, where that is the server's own; the least over `hours`.
struct MachineMemory {
  double total = 0;             // bytes
  double available_least = 0;   // bytes
  double file_cache_least = 0;  // bytes: cached and buffers, without shared memory
  double hours = 0;             // looked at, at most kMachineHours
};

// Bytes read between the looks that had been read before: what a table's blocks gave beyond its size, less
// what whole scans and vacuums may have read: these go through a small ring of buffers of their own whatever
// shared_buffers is (src/backend/storage/buffer/README, "Buffer Ring Replacement Strategy"; for scans from a
// quarter of shared_buffers on, `ring_bytes`). A lower bound. `relation_bytes`: size of those tables.
struct RereadBytes {
  double read = 0;  // all blocks read, bytes
  double reread = 0;
  double relation_bytes = 0;
};
RereadBytes reread_between(const MemoryLook& from, const MemoryLook& to, double ring_bytes);

struct BufferAdvice {
  double wanted = 0;  // bytes
  RereadBytes bytes;
  double miss_share = 0;  // of block requests
  double wait_share = 0;  // of the time sessions were at work (before version 14: of the window)
  double read_seconds = 0;
  std::string needs;  // not empty: not enough data, and nothing else counts
};

// shared_buffers that are too small, for people since it takes a restart: between the looks blocks worth at
// least all of shared_buffers were read, at least kRereadShareMin of that again (reread_between), at least
// kMissShareMin of requests missed, and waiting for them was kWaitShareMin of the time at work. The time is
// measured: where the file cache of the machine has the blocks there is little to gain, and nothing is said.
// To at most twice, what the tables read again need, half of the least available memory and 40 % of the
// machine ("it is unlikely that an allocation of more than 40% of RAM will work better", manual 20.4.1); less
// than kBuffersGrowthMin is not worth a restart. Pure.
std::optional<BufferAdvice> advise_shared_buffers(const MemoryLook& from, const MemoryLook& to,
                                                  const std::optional<MachineMemory>& machine);

struct CacheAdvice {
  double wanted = 0;  // bytes, of effective_cache_size
  double cached = 0;  // bytes, really: shared_buffers and the file cache
  std::string needs;  // not empty: not enough data
};

// effective_cache_size that says another size than is cached, by kCacheFactorMin, in what the data can use of
// it. std::nullopt also where the machine is not known. Pure.
std::optional<CacheAdvice> advise_effective_cache(const MemoryLook& now,
                                                  const std::optional<MachineMemory>& machine);

// Queries whose plan has another shape: other nodes, tables or indexes. Those without plan are left out.
// Pure.
std::vector<std::size_t> changed_plans(const std::vector<Plan>& before, const std::vector<Plan>& after);

inline constexpr double kRereadShareMin = 0.5;
inline constexpr double kMissShareMin = 0.01;
inline constexpr double kWaitShareMin = 0.05;
inline constexpr double kUnusedShareMax = 0.1;
inline constexpr double kBuffersGrowthMin = 1.25;
inline constexpr double kBuffersOfMachineMax = 0.4;
inline constexpr double kCacheFactorMin = 1.5;
inline constexpr double kMachineHours = 24;
inline constexpr double kPlansChangedShareMin = 0.01;  // of the load's time
inline constexpr DurationMs kMemoryWindowMs = kHourMs;

struct MemoryOptions {
  std::string host_instance;  // label of the host collector's series; "" = this machine is not looked at
  DurationMs window_ms = kMemoryWindowMs;
  DurationMs load_window_ms = kWindowMinMs;
};

// All but relations and unused_share; read_memory() has the relations too.
Result<MemoryLook> read_memory_settings(trimtab::postgresql::Connection& connection);
Result<MemoryLook> read_memory(trimtab::postgresql::Connection& connection);
// Of shared_buffers, 0..1; nothing where pg_buffercache is not created, may not be read or is too large to
// walk.
std::optional<double> read_unused_share(trimtab::postgresql::Connection& connection);
Result<std::optional<MachineMemory>> read_machine(const Context& context, const std::string& host_instance);

// "postgresql.memory": shared_buffers and effective_cache_size. One for each target.
std::unique_ptr<Advisor> create_memory_advisor(Target target, MemoryOptions options);

}  // namespace trimtab::advise::postgresql
