// SPDX-License-Identifier: Apache-2.0
#include "advise/linux/group_look.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "advise/series.h"

namespace trimtab::advise::host {

namespace {

constexpr double kMicrosecondsPerSecond = 1e6;

Result<promql::Answer> ask(const Context& context, const std::string& expression) {
  constexpr DurationMs kTimeoutMs = 10 * kSecondMs;
  const auto query = TRY(context.querier.prepare(expression));
  promql::QueryOptions options;
  options.limits.timeout_ms = kTimeoutMs;
  options.cancelled = context.cancelled;
  return query->run(promql::QueryWindow::at(context.now_ms), options);
}

const Track* find(const std::map<std::string, Track, std::less<>>& series, std::string_view name) {
  const auto found = series.find(name);
  return found == series.end() || found->second.values.empty() ? nullptr : &found->second;
}

double highest(const Track* gauge, TimestampMs since_ms) {
  double out = kNotKnown;
  for (std::size_t i = 0; gauge != nullptr && i < gauge->values.size(); ++i) {
    if (gauge->at_ms[i] >= since_ms) out = std::fmax(out, gauge->values[i]);
  }
  return out;
}

double seconds_between(TimestampMs from, TimestampMs to) {
  return static_cast<double>(std::max<DurationMs>(0, to - from)) / kSecondMs;
}

// One number a group.
Result<std::map<std::string, double>> by_group(const Context& context, const std::string& expression) {
  const promql::Answer answer = TRY(ask(context, expression));
  std::map<std::string, double> out;
  for (std::size_t i = 0; i < answer.rows() && answer.columns > 0; ++i) {
    out[std::string(answer.labels[i].get("cgroup"))] = answer.row(i)[0];
  }
  return out;
}

}  // namespace

double growth(const Track& counter, TimestampMs since_ms) {
  double total = 0;
  for (std::size_t i = 1; i < counter.values.size(); ++i) {
    if (counter.at_ms[i - 1] < since_ms) continue;
    const double step = counter.values[i] - counter.values[i - 1];
    total += step >= 0 ? step : counter.values[i];
  }
  return total;
}

TimestampMs unchanged_since(const Track& gauge) {
  for (std::size_t i = gauge.values.size(); i > 1; --i) {
    if (gauge.values[i - 2] != gauge.values[i - 1]) return gauge.at_ms[i - 1];
  }
  return kTimestampMin;
}

GroupLook read_group(std::string path, const std::map<std::string, Track, std::less<>>& series) {
  GroupLook out;
  out.path = std::move(path);
  const Track* used = find(series, "container_cpu_usage_seconds_total");
  if (used == nullptr) return out;
  const TimestampMs end = used->at_ms.back();
  TimestampMs since = used->at_ms.front();
  // A limit that came or went within the time looked at counts as changed then.
  const auto limit = [&](std::string_view name) {
    const Track* track = find(series, name);
    if (track == nullptr) return 0.0;
    if (track->at_ms.back() < end) {
      since = std::max(since, track->at_ms.back());
      return 0.0;
    }
    since = std::max({since, track->at_ms.front(), unchanged_since(*track)});
    return track->values.back();
  };
  const double quota = limit("container_spec_cpu_quota");
  const double period = limit("container_spec_cpu_period");
  out.memory_max = limit("container_spec_memory_limit_bytes");
  out.memory_high = limit("container_spec_memory_high_bytes");
  out.seconds = seconds_between(since, end);
  if (period > 0) {
    out.cpu_limit = quota / period;
    out.cpu_period = period / kMicrosecondsPerSecond;
  }
  const auto grown = [&](std::string_view name) {
    const Track* track = find(series, name);
    return track != nullptr ? growth(*track, since) : 0.0;
  };
  out.periods = grown("container_cpu_cfs_periods_total");
  out.throttled_periods = grown("container_cpu_cfs_throttled_periods_total");
  out.throttled_seconds = grown("container_cpu_cfs_throttled_seconds_total");
  out.oom_kills = grown("container_oom_events_total");
  out.memory_usage = highest(find(series, "container_memory_usage_bytes"), since);
  if (out.seconds <= 0) return out;
  out.cpu_used = growth(*used, since) / out.seconds;
  if (find(series, "container_pressure_memory_waiting_seconds_total") != nullptr) {
    out.memory_waiting = grown("container_pressure_memory_waiting_seconds_total") / out.seconds;
  }
  return out;
}

HostLook read_host(std::span<const Track> idle_seconds, const Track& memory_available) {
  HostLook out;
  double idle = 0;
  for (const Track& cpu : idle_seconds) {
    const double seconds = cpu.at_ms.empty() ? 0 : seconds_between(cpu.at_ms.front(), cpu.at_ms.back());
    if (seconds <= 0) continue;
    out.seconds = std::max(out.seconds, seconds);
    idle += growth(cpu, kTimestampMin) / seconds;
  }
  if (out.seconds > 0) {
    out.cpus = static_cast<double>(idle_seconds.size());
    out.cpus_idle = idle;
  }
  if (!memory_available.values.empty()) out.memory_available = std::ranges::min(memory_available.values);
  return out;
}

Result<Look> read_look(const Context& context, const std::string& instance) {
  const std::string labels = fmt::format("job=\"host\",instance={}", promql_string(instance));
  const std::string window = fmt::format("[{}s]", kLookWindowMs / kSecondMs);
  Look out;

  const promql::Answer host =
      TRY(ask(context, fmt::format("{{__name__=~\"node_cpu_seconds_total|node_memory_MemAvailable_bytes\","
                                   "mode=~\"idle|\",{}}}{}",
                                   labels, window)));
  std::vector<Track> idle;
  Track available;
  for (std::size_t i = 0; i < host.ragged.size(); ++i) {
    const Track track{host.ragged[i].timestamps_ms, host.ragged[i].values};
    if (host.labels[i].metric_name() == "node_cpu_seconds_total") {
      idle.push_back(track);
    } else {
      available = track;
    }
  }
  out.host = read_host(idle, available);

  const promql::Answer groups = TRY(ask(
      context,
      fmt::format("{{__name__=~\"container_cpu_usage_seconds_total|container_cpu_cfs_.*|"
                  "container_spec_(cpu|memory)_.*|container_memory_usage_bytes|container_oom_events_total|"
                  "container_pressure_memory_waiting_seconds_total\",cgroup!=\"\",{}}}{}",
                  labels, window)));
  std::map<std::string, std::map<std::string, Track, std::less<>>> by_path;
  for (std::size_t i = 0; i < groups.ragged.size(); ++i) {
    const Labels& one = groups.labels[i];
    by_path[std::string(one.get("cgroup"))][std::string(one.metric_name())] =
        Track{groups.ragged[i].timestamps_ms, groups.ragged[i].values};
  }
  const std::string peak_window = fmt::format("[{}s", kPeakWindowMs / kSecondMs);
  const std::string working_set = fmt::format("container_memory_working_set_bytes{{{}}}", labels);
  const auto peaks = TRY(by_group(context, fmt::format("max_over_time({}{}])", working_set, peak_window)));
  const auto known = TRY(by_group(
      context, fmt::format("time() - min_over_time(timestamp({}){}:1h])", working_set, peak_window)));
  const auto value_of = [](const std::map<std::string, double>& from, const std::string& path, double none) {
    const auto found = from.find(path);
    return found == from.end() ? none : found->second;
  };
  for (auto& [path, series] : by_path) {
    GroupLook group = read_group(path, series);
    // Groups that are gone have no newest samples.
    const Track* used = find(series, "container_cpu_usage_seconds_total");
    if (used == nullptr || context.now_ms - used->at_ms.back() > kGoneAfterMs) continue;
    group.working_set_peak = value_of(peaks, path, kNotKnown);
    group.peak_seconds = value_of(known, path, 0);
    out.groups.push_back(std::move(group));
  }
  return out;
}

}  // namespace trimtab::advise::host
