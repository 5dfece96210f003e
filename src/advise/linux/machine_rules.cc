// SPDX-License-Identifier: Apache-2.0
#include "advise/linux/machine_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "advise/recommending.h"
#include "base/format.h"

namespace trimtab::advise::host {

namespace {

EntityRef entity_of(const AdvisedHost& where) { return {"host", where.instance}; }

Recommendation people_advice(const AdvisedHost& where, const std::string& what) {
  Recommendation out;
  out.fingerprint = fmt::format("linux|{}|{}", where.target, what);
  out.entity = entity_of(where);
  return out;
}

std::string period(const MachineLook& machine) {
  return format_duration_human(static_cast<DurationMs>(machine.seconds) * kSecondMs);
}

template <typename Words>
std::string listed(const std::vector<Share>& shares, Words words) {
  std::string out;
  for (const Share& share : shares) {
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", share.who, words(share.amount));
  }
  return out;
}

// "in about 3 days (2 days to 5 days)".
std::string when(const Exhaustion& exhaustion, TimestampMs now_ms) {
  const auto ahead = [&](TimestampMs at) {
    return format_duration_human(std::max<DurationMs>(0, at - now_ms));
  };
  std::string out = "in about " + ahead(*exhaustion.expected_ms);
  if (exhaustion.earliest_ms && exhaustion.latest_ms) {
    out += fmt::format(" ({} to {})", ahead(*exhaustion.earliest_ms), ahead(*exhaustion.latest_ms));
  } else if (exhaustion.earliest_ms) {
    out += fmt::format(" ({} at the soonest)", ahead(*exhaustion.earliest_ms));
  }
  return out;
}

Recommendation filesystem_advice(const Finding& finding, const Evidence& evidence, bool inodes,
                                 const MachineLook& machine, const AdvisedHost& where, TimestampMs now_ms) {
  const std::string mount(evidence.series.get("mountpoint")), device(evidence.series.get("device"));
  Recommendation out =
      people_advice(where, fmt::format("filesystem|{}|{}|{}", device, mount, inodes ? "inodes" : "bytes"));
  const bool dated = finding.exhaustion && finding.exhaustion->expected_ms;
  const std::string what = inodes ? "inodes" : "space";
  out.title =
      dated
          ? fmt::format("Make room on {}: {} will run out {}", mount, what, when(*finding.exhaustion, now_ms))
          : fmt::format("Make room on {}: {} nearly gone", mount, inodes ? "inodes are" : "space is");
  out.why = inodes
                ? "When no inode is left no file can be made, whatever space there is. Many small files are "
                  "the cause: caches, sessions, mail, old releases. Remove them, or make the filesystem "
                  "anew with more inodes."
                : "When it is full, writes fail: databases stop, logs are lost. Remove or move what grows, "
                  "bound it (log rotation, retention), or enlarge the filesystem.";
  out.findings = {finding.id};
  out.evidence = {{inodes ? "inodes free" : "space free",
                   inodes ? format_number(evidence.now) : format_bytes(evidence.now),
                   fmt::format("{}, {} on {}", evidence.series.metric_name(), device, mount)}};
  if (finding.exhaustion) {
    out.evidence.push_back(
        {"limit", inodes ? format_number(finding.exhaustion->limit) : format_bytes(finding.exhaustion->limit),
         finding.exhaustion->limit_source});
    if (dated) {
      out.evidence.push_back(
          {"chance to get there",
           fmt::format("{} within {}", format_with_unit(finding.exhaustion->probability, "ratio"),
                       format_duration_human(finding.exhaustion->horizon_ms)),
           evidence.statistic.empty() ? evidence.method : evidence.statistic});
    }
  }
  if (!machine.writers.empty()) {
    out.evidence.push_back({"who writes most, on all disks", listed(machine.writers, format_bytes),
                            "container_fs_writes_bytes_total, 1 d"});
  }
  out.risk_reason = "what is removed is gone: look before";
  return out;
}

}  // namespace

std::optional<Recommendation> advise_swap(const MachineLook& machine, const AdvisedHost& where) {
  if (!(machine.pages_in >= kPagesInMin) || !(machine.swap_total > 0)) return std::nullopt;
  const bool waited = std::isnan(machine.memory_waiting) ? machine.pages_in >= kPagesInManyMin
                                                         : machine.memory_waiting >= kMachineWaitingMin;
  if (!waited) return std::nullopt;
  if (machine.seconds < kPagingSecondsMin) {
    const double minutes = std::ceil((kPagingSecondsMin - machine.seconds) / 60);
    Recommendation out = not_enough_data(
        fmt::format("linux.needs|{}|swap", where.target), "No advice on memory of " + where.instance + " yet",
        fmt::format("{:.0f} more minute{}", minutes, minutes == 1 ? "" : "s"));
    out.entity = entity_of(where);
    return out;
  }
  if (!(machine.paging_share >= kPagingShareMin)) return std::nullopt;
  Recommendation out = people_advice(where, "swap");
  out.title = fmt::format("Give {} more memory, or less to do", where.instance);
  out.why =
      "Memory that is in use is read back from swap all the time, and threads wait for it. Find what grew "
      "(below), bound it with memory.high, move it, or add memory. Switching swap off would turn the waiting "
      "into killed processes.";
  out.evidence = {
      {"pages read back from swap",
       fmt::format("{} a second, in {} of the minutes", format_number(machine.pages_in),
                   format_with_unit(machine.paging_share, "ratio")),
       "node_vmstat_pswpin, " + period(machine)},
      {"swap used",
       fmt::format("{} of {}", format_bytes(machine.swap_used_least), format_bytes(machine.swap_total)),
       "node_memory_SwapFree_bytes, " + period(machine)},
      {"memory available",
       fmt::format("{} of {} at the least", format_bytes(machine.memory_available_least),
                   format_bytes(machine.memory_total)),
       "node_memory_MemAvailable_bytes, " + period(machine)}};
  if (!std::isnan(machine.memory_waiting)) {
    out.evidence.push_back({"time in which some thread waited for memory",
                            format_with_unit(machine.memory_waiting, "ratio"),
                            "node_pressure_memory_waiting_seconds_total, " + period(machine)});
  }
  if (!machine.swapped.empty()) {
    out.evidence.push_back({"most in swap", listed(machine.swapped, format_bytes), "container_memory_swap"});
  }
  if (!machine.resident.empty()) {
    out.evidence.push_back(
        {"most in memory", listed(machine.resident, format_bytes), "namedprocess_namegroup_memory_bytes"});
  }
  out.risk = Risk::kMedium;
  out.risk_reason = "less memory for what is bounded or moved";
  return out;
}

std::vector<Recommendation> advise_handles(const MachineLook& machine, const AdvisedHost& where) {
  std::vector<Recommendation> out;
  const auto count = [](double number) { return format_number(number) + " open"; };
  if (machine.handles_max > 0 && machine.handles >= kHandleShareMin * machine.handles_max) {
    Recommendation one = people_advice(where, "handles");
    one.title = fmt::format("Find out who holds {} of the file handles of {}",
                            format_with_unit(machine.handles / machine.handles_max, "ratio"), where.instance);
    one.why =
        "When none is left no program can open a file or a connection. A number that only grows is a leak of "
        "the program that holds them; for a true need raise fs.file-max (sysctl).";
    one.evidence = {
        {"file handles",
         fmt::format("{} of {}", format_number(machine.handles), format_number(machine.handles_max)),
         "node_filefd_allocated, node_filefd_maximum"}};
    if (!machine.handles_open.empty()) {
      one.evidence.push_back({"most of those that may be looked at", listed(machine.handles_open, count),
                              "namedprocess_namegroup_open_filedesc"});
    }
    one.risk_reason = "a higher limit costs about 1 KiB of kernel memory for each handle in use";
    out.push_back(std::move(one));
  }
  for (const Share& share : machine.handle_shares) {
    if (share.amount < kHandleShareMin) continue;
    Recommendation one = people_advice(where, "handles|" + share.who);
    one.title = fmt::format("{} has {} of the files open that it may", share.who,
                            format_with_unit(share.amount, "ratio"));
    one.why =
        "At its limit it can take no connection and open no file. A number that only grows is a leak; else "
        "raise the limit (LimitNOFILE= of its unit, ulimit -n) and restart it.";
    one.evidence = {{"open file handles against RLIMIT_NOFILE", format_with_unit(share.amount, "ratio"),
                     "namedprocess_namegroup_worst_fd_ratio, the process nearest to it"}};
    one.risk_reason = "a restart; programs that use select() fail beyond 1,024";
    out.push_back(std::move(one));
  }
  return out;
}

std::vector<Recommendation> advise_filesystems(std::span<const Finding> findings, const MachineLook& machine,
                                               const AdvisedHost& where, TimestampMs now_ms) {
  std::vector<Recommendation> out;
  for (const Finding& finding : findings) {
    const bool limit = finding.kind == FindingKind::kExhaustion || finding.kind == FindingKind::kSaturation;
    if (!limit || finding.harm < kFindingHarmMin || finding.evidence.empty()) continue;
    const Evidence& evidence = finding.evidence.front();
    const std::string_view metric = evidence.series.metric_name();
    const bool inodes = metric == "node_filesystem_files_free";
    if (!inodes && metric != "node_filesystem_avail_bytes") continue;
    if (evidence.series.get("job") != "host" || evidence.series.get("instance") != where.instance) continue;
    out.push_back(filesystem_advice(finding, evidence, inodes, machine, where, now_ms));
  }
  return out;
}

}  // namespace trimtab::advise::host
