// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "ingest/host/host_source.h"
#include "ingest/host/proc_file.h"
#include "ingest/host/process_handles.h"

namespace trimtab {
namespace {

constexpr double kTicksPerSecond = 100;
constexpr std::uint64_t kKernelThreadFlag = 0x00200000;  // PF_KTHREAD of linux/sched.h
constexpr std::size_t kProcessesMax = 32'768;            // read per round
constexpr std::size_t kGroupsKnownMax = 4'096;           // names remembered; beyond, processes are "other"
constexpr std::uint64_t kHandlesEveryRounds = 12;        // handles are counted so often, a minute by default
constexpr std::uint64_t kRoundsKept = 120;  // a name that was once at the top stays shown this long

struct ProcessStat {
  std::string_view name;
  std::uint64_t user_ticks = 0;
  std::uint64_t system_ticks = 0;
  std::uint64_t threads = 0;
  std::uint64_t start_ticks = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t resident_pages = 0;
};

// /proc/<pid>/stat (proc(5)): "pid (name) state ppid ..."; the name may hold blanks and parentheses.
bool parse_stat(std::string_view text, ProcessStat& out) {
  const std::size_t open = text.find('(');
  const std::size_t close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return false;
  out.name = text.substr(open + 1, close - open - 1);
  std::string_view rest = text.substr(close + 1);
  std::uint64_t flags = 0;
  for (int field = 3; field <= 24; ++field) {
    const std::string_view word = next_word(rest);
    if (word.empty()) return false;
    switch (field) {
      case 9: flags = to_unsigned(word); break;
      case 14: out.user_ticks = to_unsigned(word); break;
      case 15: out.system_ticks = to_unsigned(word); break;
      case 20: out.threads = to_unsigned(word); break;
      case 22: out.start_ticks = to_unsigned(word); break;
      case 23: out.virtual_bytes = to_unsigned(word); break;
      case 24: out.resident_pages = to_unsigned(word); break;
      default: break;
    }
  }
  // Kernel threads rename themselves all the time ("kworker/0:1-events"): one group for all of them.
  if ((flags & kKernelThreadFlag) != 0) out.name = "[kernel]";
  return true;
}

// Processes of one name. The CPU time only ever grows: what processes used stays when they end.
class ProcessSource final : public HostSource {
 public:
  ProcessSource(const HostRoots& roots, std::size_t groups_max)
      : root_(roots.proc), groups_max_(groups_max) {}
  ~ProcessSource() override {
    if (folder_) ::closedir(folder_);
  }

  void collect(SeriesSink& sink) override {
    ++round_;
    counting_ = round_ % kHandlesEveryRounds == 2;  // in the first nothing is shown yet
    handles_.begin_round();
    for (auto& [name, group] : groups_) group.reset(counting_);
    read_processes();
    std::erase_if(processes_, [&](const auto& process) { return process.second.round != round_; });
    choose();
    for (const auto& [name, group] : groups_) {
      if (group.shown) show(sink, name, group);
    }
    std::erase_if(groups_,
                  [&](const auto& group) { return group.second.processes == 0 && !group.second.shown; });
  }

 private:
  struct Group {
    std::uint64_t user_ticks = 0;
    std::uint64_t system_ticks = 0;
    std::uint64_t new_ticks = 0;  // in this round
    std::uint64_t processes = 0;
    std::uint64_t threads = 0;
    std::uint64_t virtual_bytes = 0;
    std::uint64_t resident_bytes = 0;
    std::uint64_t top_round = 0;
    bool shown = false;
    double handles = -1;       // open in all its processes when last counted; -1: none could be
    double handles_share = 0;  // of its limit, of the process that is nearest to it
    void reset(bool counts_handles) {
      new_ticks = processes = threads = virtual_bytes = resident_bytes = 0;
      if (counts_handles) handles = -1, handles_share = 0;
    }
  };
  struct Process {
    std::uint64_t start_ticks = 0;
    std::uint64_t user_ticks = 0;
    std::uint64_t system_ticks = 0;
    std::uint64_t round = 0;
  };

  void read_processes() {
    if (!folder_) folder_ = ::opendir(root_.c_str());
    if (!folder_) return;
    ::rewinddir(folder_);
    std::size_t count = 0;
    while (const dirent* entry = ::readdir(folder_)) {
      if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
      if (++count > kProcessesMax) break;
      path_ = entry->d_name;
      path_ += "/stat";
      ProcessStat stat;
      if (parse_stat(read_at(::dirfd(folder_), path_.c_str(), buffer_), stat)) {
        take(entry->d_name, stat);
      }
    }
  }

  void take(const char* id, const ProcessStat& stat) {
    Process& process = processes_[to_unsigned(id)];
    if (process.start_ticks != stat.start_ticks)
      process = Process{.start_ticks = stat.start_ticks};  // the id was used again
    process.round = round_;
    auto it = groups_.find(stat.name);
    if (it == groups_.end()) {
      const std::string_view name = groups_.size() < kGroupsKnownMax ? stat.name : std::string_view("other");
      it = groups_.try_emplace(is_valid_utf8(name) ? std::string(name) : std::string("[not text]")).first;
    }
    Group& group = it->second;
    const std::uint64_t user = stat.user_ticks - std::min(stat.user_ticks, process.user_ticks);
    const std::uint64_t system = stat.system_ticks - std::min(stat.system_ticks, process.system_ticks);
    process.user_ticks = stat.user_ticks;
    process.system_ticks = stat.system_ticks;
    group.user_ticks += user;
    group.system_ticks += system;
    group.new_ticks += user + system;
    ++group.processes;
    group.threads += stat.threads;
    group.virtual_bytes += stat.virtual_bytes;
    group.resident_bytes += stat.resident_pages * page_bytes_;
    if (!counting_ || !group.shown) return;
    const auto open = handles_.count(::dirfd(folder_), id);
    if (!open) return;
    group.handles = std::max(0.0, group.handles) + open->open;
    group.handles_share = std::max(group.handles_share, open->share());
  }

  // The groups that now use most CPU, and those that use most memory, half of the bound each; and those
  // that did so lately, up to three times the bound, so that series do not come and go.
  void choose() {
    std::vector<std::pair<const std::string*, Group*>> all;
    for (auto& [name, group] : groups_) all.emplace_back(&name, &group);
    const auto mark = [&](auto amount) {
      const std::size_t top = std::min(all.size(), std::max<std::size_t>(1, groups_max_ / 2));
      std::partial_sort(
          all.begin(), all.begin() + static_cast<std::ptrdiff_t>(top), all.end(), [&](auto a, auto b) {
            return std::pair(amount(*b.second), *a.first) < std::pair(amount(*a.second), *b.first);
          });
      for (std::size_t i = 0; i < top; ++i) {
        if (amount(*all[i].second) > 0) all[i].second->top_round = round_;
      }
    };
    mark([](const Group& group) { return group.new_ticks; });
    mark([](const Group& group) { return group.resident_bytes; });
    std::sort(all.begin(), all.end(), [](auto a, auto b) {
      return std::pair(b.second->top_round, *a.first) < std::pair(a.second->top_round, *b.first);
    });
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::uint64_t top_round = all[i].second->top_round;
      all[i].second->shown = i < 3 * groups_max_ && top_round > 0 && round_ - top_round < kRoundsKept;
    }
  }

  static void show(SeriesSink& sink, std::string_view name, const Group& group) {
    sink.counter("namedprocess_namegroup_cpu_seconds_total",
                 static_cast<double>(group.user_ticks) / kTicksPerSecond,
                 {{"groupname", name}, {"mode", "user"}});
    sink.counter("namedprocess_namegroup_cpu_seconds_total",
                 static_cast<double>(group.system_ticks) / kTicksPerSecond,
                 {{"groupname", name}, {"mode", "system"}});
    sink.gauge("namedprocess_namegroup_memory_bytes", static_cast<double>(group.resident_bytes),
               {{"groupname", name}, {"memtype", "resident"}});
    sink.gauge("namedprocess_namegroup_memory_bytes", static_cast<double>(group.virtual_bytes),
               {{"groupname", name}, {"memtype", "virtual"}});
    sink.gauge("namedprocess_namegroup_num_procs", static_cast<double>(group.processes),
               {{"groupname", name}});
    sink.gauge("namedprocess_namegroup_num_threads", static_cast<double>(group.threads),
               {{"groupname", name}});
    if (group.handles < 0) return;
    sink.gauge("namedprocess_namegroup_open_filedesc", group.handles, {{"groupname", name}});
    sink.gauge("namedprocess_namegroup_worst_fd_ratio", group.handles_share, {{"groupname", name}});
  }

  const std::string root_;
  const std::size_t groups_max_;
  const std::uint64_t page_bytes_ = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  DIR* folder_ = nullptr;
  std::uint64_t round_ = 0;
  std::map<std::string, Group, std::less<>> groups_;
  std::unordered_map<std::uint64_t, Process> processes_;  // by process id
  HandleCounter handles_;
  bool counting_ = false;
  std::string path_, buffer_;
};

}  // namespace

std::unique_ptr<HostSource> create_process_source(const HostRoots& roots, std::size_t groups_max) {
  return std::make_unique<ProcessSource>(roots, groups_max);
}

}  // namespace trimtab
