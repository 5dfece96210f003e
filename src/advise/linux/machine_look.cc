// SPDX-License-Identifier: Apache-2.0
#include "advise/linux/machine_look.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "advise/series.h"

namespace trimtab::advise::host {

namespace {

// Most first, ties by name.
Result<std::vector<Share>> shares(const Context& context, const std::string& label,
                                  const std::string& expression) {
  constexpr DurationMs kTimeoutMs = 10 * kSecondMs;
  const auto query = TRY(context.querier.prepare(fmt::format("topk({}, {})", kSharesShown, expression)));
  promql::QueryOptions options;
  options.limits.timeout_ms = kTimeoutMs;
  options.cancelled = context.cancelled;
  const promql::Answer answer = TRY(query->run(promql::QueryWindow::at(context.now_ms), options));
  std::vector<Share> out;
  for (std::size_t i = 0; i < answer.rows() && answer.columns > 0; ++i) {
    const double amount = answer.row(i)[0];
    if (amount > 0) out.push_back({std::string(answer.labels[i].get(label)), amount});
  }
  std::ranges::sort(out, [](const Share& a, const Share& b) {
    return a.amount != b.amount ? a.amount > b.amount : a.who < b.who;
  });
  return out;
}

}  // namespace

Result<MachineLook> read_machine(const Context& context, const std::string& instance) {
  const std::string of = fmt::format("{{job=\"host\",instance={}}}", promql_string(instance));
  const std::string window = fmt::format("[{}s]", kLookWindowMs / kSecondMs);
  const auto one = [&](const std::string& expression) { return value_now(context, expression); };
  const auto least = [&](const std::string& metric) {
    return one(fmt::format("min_over_time({}{}{})", metric, of, window));
  };
  const auto rate = [&](const std::string& metric) {
    return one(fmt::format("rate({}{}{})", metric, of, window));
  };
  MachineLook out;
  const double seconds =
      TRY(one(fmt::format("time() - min_over_time(timestamp(node_memory_MemTotal_bytes{})[{}s:15s])", of,
                          kLookWindowMs / kSecondMs)));
  if (!std::isnan(seconds)) out.seconds = seconds;
  out.memory_total = TRY(least("node_memory_MemTotal_bytes"));
  out.memory_available_least = TRY(least("node_memory_MemAvailable_bytes"));
  out.swap_total = TRY(least("node_memory_SwapTotal_bytes"));
  out.swap_used_least = TRY(one(fmt::format(
      "node_memory_SwapTotal_bytes{0} - max_over_time(node_memory_SwapFree_bytes{0}{1})", of, window)));
  out.pages_in = TRY(rate("node_vmstat_pswpin"));
  out.pages_out = TRY(rate("node_vmstat_pswpout"));
  out.paging_share =
      TRY(one(fmt::format("avg_over_time((increase(node_vmstat_pswpin{}[1m]) > bool 0)[{}s:1m])", of,
                          kLookWindowMs / kSecondMs)));
  out.memory_waiting = TRY(rate("node_pressure_memory_waiting_seconds_total"));
  out.swapped = TRY(shares(context, "cgroup", "container_memory_swap" + of));
  const std::string resident =
      fmt::format("{{job=\"host\",instance={},memtype=\"resident\"}}", promql_string(instance));
  out.resident = TRY(shares(context, "groupname", "namedprocess_namegroup_memory_bytes" + resident));
  out.handles = TRY(one("node_filefd_allocated" + of));
  out.handles_max = TRY(one("node_filefd_maximum" + of));
  out.handle_shares = TRY(shares(context, "groupname", "namedprocess_namegroup_worst_fd_ratio" + of));
  out.handles_open = TRY(shares(context, "groupname", "namedprocess_namegroup_open_filedesc" + of));
  return out;
}

Result<std::vector<Share>> read_writers(const Context& context, const std::string& instance) {
  return shares(context, "cgroup",
                fmt::format("sum by (cgroup) (increase(container_fs_writes_bytes_total{{job=\"host\","
                            "instance={}}}[1d]))",
                            promql_string(instance)));
}

}  // namespace trimtab::advise::host
