// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "ingest/host/host_source.h"
#include "ingest/host/proc_file.h"

namespace trimtab {
namespace {

constexpr double kMicrosecondsPerSecond =
    1e6;  // divided by, not multiplied with 1e-6: exact decimals store smaller
constexpr int kDepthMax = 8;
constexpr std::size_t kFoldersWalkedMax = 4096;
constexpr int kRoundsBetweenWalks = 12;  // at 5 s: new services are seen within a minute

struct KeyName {
  std::string_view key;
  std::string_view name;
  double divisor;
};

// What a service, a session or a container runs in. Slices and pods only group those.
bool is_unit(std::string_view name) {
  if (name.ends_with(".service") || name.ends_with(".scope")) return true;
  // Container runtimes without systemd name the folder by the 64 hexadecimal digits of the container.
  return name.size() >= 64 && name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

class CgroupSource final : public HostSource {
 public:
  CgroupSource(const HostRoots& roots, std::size_t cgroups_max)
      : root_(roots.sys + "/fs/cgroup"), cgroups_max_(cgroups_max) {}

  void collect(SeriesSink& sink) override {
    if (rounds_until_walk_ == 0) {
      walk();
      rounds_until_walk_ = kRoundsBetweenWalks;
    }
    --rounds_until_walk_;
    for (const std::string& path : cgroups_) {
      const int folder = ::open((root_ + path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      if (folder < 0) continue;  // gone since the walk
      collect_one(sink, folder, path);
      ::close(folder);
    }
    sink.gauge("trimtab_host_cgroups_left_out", static_cast<double>(left_out_));
  }

 private:
  // Breadth first and by name, so that the same estate always keeps the same cgroups at the bound.
  void walk() {
    cgroups_.clear();
    left_out_ = 0;
    if (::access((root_ + "/cgroup.controllers").c_str(), R_OK) != 0) return;  // not version 2
    std::vector<std::string> level{""};
    std::size_t walked = 0;
    for (int depth = 0; depth < kDepthMax && !level.empty(); ++depth) {
      std::vector<std::string> next;
      for (const std::string& parent : level) {
        if (++walked > kFoldersWalkedMax) break;
        for (std::string& child : folders_in(parent)) next.push_back(std::move(child));
      }
      std::ranges::sort(next);
      for (const std::string& path : next) {
        if (!is_unit(std::string_view(path).substr(path.rfind('/') + 1))) continue;
        if (cgroups_.size() < cgroups_max_) {
          cgroups_.push_back(path);
        } else {
          ++left_out_;
        }
      }
      level = std::move(next);
    }
  }

  std::vector<std::string> folders_in(const std::string& path) const {
    std::vector<std::string> out;
    DIR* folder = ::opendir((root_ + path).c_str());
    if (!folder) return out;
    while (const dirent* entry = ::readdir(folder)) {
      if (entry->d_type == DT_DIR && entry->d_name[0] != '.') out.push_back(path + "/" + entry->d_name);
    }
    ::closedir(folder);
    return out;
  }

  void collect_one(SeriesSink& sink, int folder, std::string_view cgroup) {
    collect_keys(sink, folder, cgroup, "cpu.stat",
                 {{"usage_usec", "container_cpu_usage_seconds_total", kMicrosecondsPerSecond},
                  {"user_usec", "container_cpu_user_seconds_total", kMicrosecondsPerSecond},
                  {"system_usec", "container_cpu_system_seconds_total", kMicrosecondsPerSecond},
                  {"nr_periods", "container_cpu_cfs_periods_total", 1},
                  {"nr_throttled", "container_cpu_cfs_throttled_periods_total", 1},
                  {"throttled_usec", "container_cpu_cfs_throttled_seconds_total", kMicrosecondsPerSecond}},
                 true);
    collect_keys(sink, folder, cgroup, "memory.events", {{"oom_kill", "container_oom_events_total", 1}},
                 true);
    collect_keys(sink, folder, cgroup, "memory.stat",
                 {{"anon", "container_memory_rss", 1}, {"file", "container_memory_cache", 1}}, false);
    collect_memory(sink, folder, cgroup);
    collect_cpu_limit(sink, folder, cgroup);
    collect_io(sink, folder, cgroup);
    collect_value(sink, folder, cgroup, "pids.current", "container_processes");
    collect_pressure(sink, folder, cgroup, "cpu.pressure", "container_pressure_cpu_waiting_seconds_total",
                     "container_pressure_cpu_stalled_seconds_total");
    collect_pressure(sink, folder, cgroup, "memory.pressure",
                     "container_pressure_memory_waiting_seconds_total",
                     "container_pressure_memory_stalled_seconds_total");
    collect_pressure(sink, folder, cgroup, "io.pressure", "container_pressure_io_waiting_seconds_total",
                     "container_pressure_io_stalled_seconds_total");
  }

  // "key value" lines.
  void collect_keys(SeriesSink& sink, int folder, std::string_view cgroup, const char* file,
                    std::initializer_list<KeyName> wanted, bool counters) {
    std::string_view text = read_at(folder, file, buffer_);
    std::string_view line;
    while (next_line(text, line)) {
      const std::string_view key = next_word(line);
      for (const KeyName& want : wanted) {
        if (want.key != key) continue;
        const double value = to_number(next_word(line)) / want.divisor;
        counters ? sink.counter(want.name, value, {{"cgroup", cgroup}})
                 : sink.gauge(want.name, value, {{"cgroup", cgroup}});
        break;
      }
    }
  }

  void collect_value(SeriesSink& sink, int folder, std::string_view cgroup, const char* file,
                     std::string_view name) {
    const std::string_view text = read_at(folder, file, buffer_);
    if (!text.empty()) sink.gauge(name, to_number(text), {{"cgroup", cgroup}});
  }

  // The working set is what counts against the limit and can not simply be dropped: current use without
  // the file cache that was not used lately (cAdvisor's definition).
  void collect_memory(SeriesSink& sink, int folder, std::string_view cgroup) {
    const std::string_view current = read_at(folder, "memory.current", buffer_);
    if (current.empty()) return;
    const double usage = to_number(current);
    sink.gauge("container_memory_usage_bytes", usage, {{"cgroup", cgroup}});
    double inactive_file = 0;
    std::string_view text = read_at(folder, "memory.stat", buffer_);
    std::string_view line;
    while (next_line(text, line)) {
      if (next_word(line) == "inactive_file") inactive_file = to_number(next_word(line));
    }
    sink.gauge("container_memory_working_set_bytes", std::max(0.0, usage - inactive_file),
               {{"cgroup", cgroup}});
    const std::string_view swapped = read_at(folder, "memory.swap.current", buffer_);
    if (!swapped.empty()) sink.gauge("container_memory_swap", to_number(swapped), {{"cgroup", cgroup}});
    const std::string_view limit = read_at(folder, "memory.max", buffer_);
    // "max" (no limit) is 0, as in cAdvisor.
    if (!limit.empty())
      sink.gauge("container_spec_memory_limit_bytes", to_number(limit), {{"cgroup", cgroup}});
    const std::string_view high = read_at(folder, "memory.high", buffer_);
    if (!high.empty()) sink.gauge("container_spec_memory_high_bytes", to_number(high), {{"cgroup", cgroup}});
  }

  // "quota period" in microseconds; "max period" without limit: then there is no quota series.
  void collect_cpu_limit(SeriesSink& sink, int folder, std::string_view cgroup) {
    std::string_view text = read_at(folder, "cpu.max", buffer_);
    std::string_view line;
    if (!next_line(text, line)) return;
    const std::string_view quota = next_word(line);
    if (quota != "max") sink.gauge("container_spec_cpu_quota", to_number(quota), {{"cgroup", cgroup}});
    sink.gauge("container_spec_cpu_period", to_number(next_word(line)), {{"cgroup", cgroup}});
  }

  // "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0".
  void collect_io(SeriesSink& sink, int folder, std::string_view cgroup) {
    std::string_view text = read_at(folder, "io.stat", buffer_);
    std::string_view line;
    std::size_t devices = 0;
    while (next_line(text, line) && devices < kDevicesMax) {
      const std::string_view device = next_word(line);
      ++devices;
      for (std::string_view word = next_word(line); !word.empty(); word = next_word(line)) {
        const std::size_t equals = word.find('=');
        if (equals == std::string_view::npos) continue;
        const std::string_view key = word.substr(0, equals);
        const std::string_view name = key == "rbytes"   ? "container_fs_reads_bytes_total"
                                      : key == "wbytes" ? "container_fs_writes_bytes_total"
                                      : key == "rios"   ? "container_fs_reads_total"
                                      : key == "wios"   ? "container_fs_writes_total"
                                                        : "";
        if (!name.empty()) {
          sink.counter(name, to_number(word.substr(equals + 1)), {{"cgroup", cgroup}, {"device", device}});
        }
      }
    }
  }

  void collect_pressure(SeriesSink& sink, int folder, std::string_view cgroup, const char* file,
                        std::string_view some, std::string_view full) {
    std::string_view text = read_at(folder, file, buffer_);
    std::string_view line;
    while (next_line(text, line)) {
      const std::string_view name = next_word(line) == "some" ? some : full;
      const std::size_t total = line.rfind("total=");
      if (total == std::string_view::npos) continue;
      sink.counter(name, to_number(line.substr(total + 6)) / kMicrosecondsPerSecond, {{"cgroup", cgroup}});
    }
  }

  const std::string root_;
  const std::size_t cgroups_max_;
  std::vector<std::string> cgroups_;
  std::size_t left_out_ = 0;
  int rounds_until_walk_ = 0;
  std::string buffer_;
};

}  // namespace

std::unique_ptr<HostSource> create_cgroup_source(const HostRoots& roots, std::size_t cgroups_max) {
  return std::make_unique<CgroupSource>(roots, cgroups_max);
}

}  // namespace trimtab
