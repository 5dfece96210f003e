// SPDX-License-Identifier: Apache-2.0
#include "advise/redis/persistence_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/format.h"

namespace trimtab::advise::redis {

namespace {

void failed_snapshot(const RedisLook& from, const RedisLook& to, const std::string& period,
                     const AdvisedServer& where, std::vector<Recommendation>& out) {
  const double refused = to.snapshot_errors - from.snapshot_errors;
  if (to.snapshot_ok || refused <= 0) return;
  Recommendation one = people_advice(where, "snapshot");
  one.title = "Writes are refused because the newest snapshot failed";
  one.why =
      "stop-writes-on-bgsave-error is on. The server's log says why: a full disk, a folder it may not write, "
      "no "
      "memory to fork (vm.overcommit_memory). Writes go on after the next snapshot that succeeds.";
  one.evidence = {{"writes refused", format_number(refused), "errorstat_MISCONF, " + period},
                  {"newest snapshot", "failed", "rdb_last_bgsave_status"}};
  out.push_back(std::move(one));
}

void slow_forks(const RedisLook& from, const RedisLook& to, const std::string& period,
                const AdvisedServer& where, std::vector<Recommendation>& out) {
  const double forks = to.forks - from.forks;
  if (forks <= 0 || to.fork_seconds < kForkSecondsMin) return;
  Recommendation one = people_advice(where, "fork");
  one.title = "Each snapshot stops the server for " + format_with_unit(to.fork_seconds, "seconds");
  one.why =
      "A fork copies the page tables while no command runs. Snapshots by a replica instead, fewer of them "
      "(save), or several smaller servers make it shorter or rarer.";
  one.evidence = {{"newest fork", format_with_unit(to.fork_seconds, "seconds"), "latest_fork_usec"},
                  {"forks", format_number(forks), "total_forks, " + period},
                  {"resident memory", format_bytes(to.resident_memory), "INFO"}};
  out.push_back(std::move(one));
}

void late_syncs(const RedisLook& from, const RedisLook& to, const std::string& period,
                const AdvisedServer& where, std::vector<Recommendation>& out) {
  const double delayed = to.delayed_syncs - from.delayed_syncs;
  if (!to.append_only || delayed < kDelayedSyncsMin) return;
  Recommendation one = people_advice(where, "fsync");
  one.title = "Commands wait for the disk of the append-only file";
  one.why =
      "A write of the file came while an fsync of an earlier one had not ended. The disk is too slow or "
      "shared "
      "with something busy; no-appendfsync-on-rewrite helps when it happens during rewrites, at the price of "
      "what a crash then loses.";
  one.evidence = {{"writes that waited", format_number(delayed), "aof_delayed_fsync, " + period}};
  out.push_back(std::move(one));
}

// Names are data of others: shortened, and without bytes that are no plain text.
std::string shown(std::string name) {
  const bool cut = name.size() > kKeyNameShownMax;
  name.resize(std::min(name.size(), kKeyNameShownMax));
  std::ranges::replace_if(name, [](char c) { return c < ' ' || c > '~'; }, '?');
  return cut ? name + "..." : name;
}

void big_key(const RedisLook& to, std::span<const SampledKey> keys, const AdvisedServer& where,
             std::vector<Recommendation>& out) {
  const auto biggest = std::ranges::max_element(keys, {}, &SampledKey::bytes);
  if (biggest == keys.end() || biggest->bytes < kBigKeyBytesMin ||
      biggest->bytes < kBigKeyShareMin * to.used_memory)
    return;
  Recommendation one = people_advice(where, "big_key");
  one.title = fmt::format("Split a key of {}", format_bytes(biggest->bytes));
  one.why =
      "Commands on all of a large key hold up every other one, and deleting it does too (UNLINK does not). "
      "Larger ones may exist: only a sample of keys was looked at.";
  one.evidence = {
      {"key", shown(biggest->name), "SCAN, a sample"},
      {"size", fmt::format("{} of {} in use", format_bytes(biggest->bytes), format_bytes(to.used_memory)),
       "MEMORY USAGE"}};
  out.push_back(std::move(one));
}

}  // namespace

std::vector<Recommendation> advise_persistence(const RedisLook& from, const RedisLook& to,
                                               std::span<const SampledKey> keys, const AdvisedServer& where) {
  std::vector<Recommendation> out;
  const std::string period = format_duration_human(to.at_ms - from.at_ms);
  failed_snapshot(from, to, period, where, out);
  slow_forks(from, to, period, where, out);
  late_syncs(from, to, period, where, out);
  big_key(to, keys, where, out);
  return out;
}

}  // namespace trimtab::advise::redis
