// SPDX-License-Identifier: Apache-2.0
#include "advise/postgresql/memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace trimtab::advise::postgresql {

namespace {

constexpr double kMebibyte = 1 << 20;

double rounded_down(double bytes, double unit) { return std::floor(bytes / unit) * unit; }

std::string more_hours(double hours) {
  const double missing = std::ceil(std::max(1.0, kMachineHours - hours));
  return fmt::format("{:.0f} more hour{} of this machine's memory (host collector)", missing,
                     missing == 1 ? "" : "s");
}

bool same_shape(const Plan& a, const Plan& b) {
  return std::ranges::equal(a.nodes, b.nodes, [](const PlanNode& x, const PlanNode& y) {
    return x.type == y.type && x.schema == y.schema && x.relation == y.relation && x.index == y.index &&
           x.parent == y.parent;
  });
}

}  // namespace

RereadBytes reread_between(const MemoryLook& from, const MemoryLook& to, double ring_bytes) {
  RereadBytes out;
  out.read = std::max(0.0, to.blocks_read - from.blocks_read) * to.block_size;
  for (const auto& [name, now] : to.relations) {
    const auto found = from.relations.find(name);
    if (found == from.relations.end()) continue;
    const RelationReads& before = found->second;
    const double heap = (now.heap_read - before.heap_read) * to.block_size;
    const double index = (now.index_read - before.index_read) * to.block_size;
    double whole = std::max(0.0, now.whole_scans - before.whole_scans) * now.heap_bytes;
    if (now.heap_bytes <= ring_bytes) whole = 0;
    const double again =
        std::max(0.0, heap - now.heap_bytes - whole) + std::max(0.0, index - now.index_bytes);
    if (again <= 0) continue;
    out.reread += again;
    out.relation_bytes += now.heap_bytes + now.index_bytes;
  }
  out.reread = std::min(out.reread, out.read);
  return out;
}

std::optional<BufferAdvice> advise_shared_buffers(const MemoryLook& from, const MemoryLook& to,
                                                  const std::optional<MachineMemory>& machine) {
  const double seconds = static_cast<double>(to.at_ms - from.at_ms) / kSecondMs;
  const double read = to.blocks_read - from.blocks_read, hit = to.blocks_hit - from.blocks_hit;
  if (seconds <= 0 || read <= 0 || hit < 0 || to.shared_buffers <= 0) return std::nullopt;
  BufferAdvice out;
  // A scan that fits into a quarter of the larger cache would stay in it.
  out.bytes = reread_between(from, to, to.shared_buffers / 4);
  out.miss_share = read / (read + hit);
  if (out.bytes.read < to.shared_buffers || out.bytes.reread < kRereadShareMin * out.bytes.read ||
      out.miss_share < kMissShareMin || to.unused_share.value_or(0) > kUnusedShareMax) {
    return std::nullopt;
  }
  if (!from.reads_are_timed || !to.reads_are_timed) {
    out.needs = "the time that reads take: set track_io_timing = on";
    return out;
  }
  out.read_seconds = std::max(0.0, to.read_seconds - from.read_seconds);
  const double active = to.active_seconds - from.active_seconds;
  out.wait_share = out.read_seconds / (active > 0 ? active : seconds);
  if (out.wait_share < kWaitShareMin) return std::nullopt;
  if (machine && machine->hours < kMachineHours) {
    out.needs = more_hours(machine->hours);
    return out;
  }
  out.wanted = std::min(2 * to.shared_buffers, to.shared_buffers + out.bytes.relation_bytes);
  if (machine) {
    out.wanted = std::min({out.wanted, to.shared_buffers + machine->available_least / 2,
                           kBuffersOfMachineMax * machine->total});
  }
  out.wanted = rounded_down(out.wanted, std::min(16 * kMebibyte, to.shared_buffers / 8));
  if (out.wanted < kBuffersGrowthMin * to.shared_buffers) return std::nullopt;
  return out;
}

std::optional<CacheAdvice> advise_effective_cache(const MemoryLook& now,
                                                  const std::optional<MachineMemory>& machine) {
  if (!machine || now.effective_cache <= 0 || now.data_bytes <= 0) return std::nullopt;
  CacheAdvice out;
  out.cached = now.shared_buffers + machine->file_cache_least;
  // A cache larger than all data is as good as one of its size.
  const double says = std::min(now.effective_cache, now.data_bytes);
  const double is = std::min(out.cached, now.data_bytes);
  if (std::max(says, is) < kCacheFactorMin * std::min(says, is)) return std::nullopt;
  if (machine->hours < kMachineHours) {
    out.needs = more_hours(machine->hours);
    return out;
  }
  out.wanted = std::max(kMebibyte, rounded_down(out.cached, 64 * kMebibyte));
  return out;
}

std::vector<std::size_t> changed_plans(const std::vector<Plan>& before, const std::vector<Plan>& after) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < std::min(before.size(), after.size()); ++i) {
    if (before[i].nodes.empty() || after[i].nodes.empty()) continue;
    if (!same_shape(before[i], after[i])) out.push_back(i);
  }
  return out;
}

}  // namespace trimtab::advise::postgresql
