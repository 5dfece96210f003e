// SPDX-License-Identifier: Apache-2.0
#include <sys/utsname.h>

#include <array>
#include <string>

#include "ingest/host/host_source.h"
#include "ingest/host/proc_file.h"

namespace trimtab {
namespace {

constexpr double kTicksPerSecond = 100;  // USER_HZ: what /proc counts in, 100 on every Linux we run on
constexpr double kMicrosecondsPerSecond =
    1e6;  // divided by, not multiplied with 1e-6: exact decimals store smaller

class KernelSource final : public HostSource {
 public:
  explicit KernelSource(const HostRoots& roots)
      : stat_(roots.proc + "/stat"),
        loadavg_(roots.proc + "/loadavg"),
        meminfo_(roots.proc + "/meminfo"),
        vmstat_(roots.proc + "/vmstat"),
        pressure_cpu_(roots.proc + "/pressure/cpu"),
        pressure_io_(roots.proc + "/pressure/io"),
        pressure_memory_(roots.proc + "/pressure/memory"),
        file_nr_(roots.proc + "/sys/fs/file-nr"),
        hostname_(roots.proc + "/sys/kernel/hostname"),
        domainname_(roots.proc + "/sys/kernel/domainname"),
        osrelease_(roots.proc + "/sys/kernel/osrelease"),
        ostype_(roots.proc + "/sys/kernel/ostype"),
        version_(roots.proc + "/sys/kernel/version") {}

  void collect(SeriesSink& sink) override {
    collect_stat(sink);
    collect_load(sink);
    collect_memory(sink);
    collect_vmstat(sink);
    collect_pressure(sink, pressure_cpu_, "node_pressure_cpu_waiting_seconds_total", "");
    collect_pressure(sink, pressure_io_, "node_pressure_io_waiting_seconds_total",
                     "node_pressure_io_stalled_seconds_total");
    collect_pressure(sink, pressure_memory_, "node_pressure_memory_waiting_seconds_total",
                     "node_pressure_memory_stalled_seconds_total");
    collect_file_descriptors(sink);
    collect_uname(sink);
  }

 private:
  static void collect_cpu(SeriesSink& sink, std::string_view cpu, std::string_view line) {
    constexpr std::array<std::string_view, 8> kModes{"user",   "nice", "system",  "idle",
                                                     "iowait", "irq",  "softirq", "steal"};
    for (const std::string_view mode : kModes) {
      const std::string_view word = next_word(line);
      if (word.empty()) return;
      sink.counter("node_cpu_seconds_total", to_number(word) / kTicksPerSecond,
                   {{"cpu", cpu}, {"mode", mode}});
    }
    for (const std::string_view mode : {"user", "nice"}) {
      const std::string_view word = next_word(line);
      if (word.empty()) return;
      sink.counter("node_cpu_guest_seconds_total", to_number(word) / kTicksPerSecond,
                   {{"cpu", cpu}, {"mode", mode}});
    }
  }

  void collect_stat(SeriesSink& sink) {
    std::string_view text = stat_.read();
    std::string_view line;
    std::size_t cpus = 0;
    while (next_line(text, line)) {
      const std::string_view key = next_word(line);
      if (key == "cpu") continue;  // the sum of the others
      if (key.starts_with("cpu")) {
        if (++cpus <= kCpusMax) collect_cpu(sink, key.substr(3), line);
        continue;
      }
      const std::string_view value = next_word(line);
      if (key == "intr") sink.counter("node_intr_total", to_number(value));
      if (key == "ctxt") sink.counter("node_context_switches_total", to_number(value));
      if (key == "processes") sink.counter("node_forks_total", to_number(value));
      if (key == "procs_running") sink.gauge("node_procs_running", to_number(value));
      if (key == "procs_blocked") sink.gauge("node_procs_blocked", to_number(value));
      if (key == "btime") sink.gauge("node_boot_time_seconds", to_number(value));
    }
  }

  void collect_load(SeriesSink& sink) {
    std::string_view text = loadavg_.read();
    for (const std::string_view name : {"node_load1", "node_load5", "node_load15"}) {
      const std::string_view word = next_word(text);
      if (!word.empty()) sink.gauge(name, to_number(word));
    }
  }

  // "Active(anon):  123 kB" -> node_memory_Active_anon_bytes.
  void collect_memory(SeriesSink& sink) {
    std::string_view text = meminfo_.read();
    std::string_view line;
    while (next_line(text, line)) {
      std::string_view key = next_word(line);
      const std::string_view value = next_word(line);
      const bool kilobytes = next_word(line) == "kB";
      if (!key.ends_with(':') || value.empty()) continue;
      name_ = "node_memory_";
      for (const char c : key.substr(0, key.size() - 1)) {
        if (c != ')') name_ += c == '(' ? '_' : c;
      }
      if (kilobytes) name_ += "_bytes";
      sink.gauge(name_, to_number(value) * (kilobytes ? 1024 : 1));
    }
  }

  // node_exporter's default selection: ^(oom_kill|pgpg|pswp|pg.*fault).*
  void collect_vmstat(SeriesSink& sink) {
    std::string_view text = vmstat_.read();
    std::string_view line;
    while (next_line(text, line)) {
      const std::string_view key = next_word(line);
      const bool fault = key.starts_with("pg") && key.find("fault", 2) != std::string_view::npos;
      if (!fault && !key.starts_with("oom_kill") && !key.starts_with("pgpg") && !key.starts_with("pswp"))
        continue;
      name_ = "node_vmstat_";
      name_ += key;
      sink.untyped(name_, to_number(next_word(line)));
    }
  }

  static void collect_pressure(SeriesSink& sink, ProcFile& file, std::string_view some,
                               std::string_view full) {
    std::string_view text = file.read();
    std::string_view line;
    while (next_line(text, line)) {
      const std::string_view kind = next_word(line);
      const std::string_view name = kind == "some" ? some : full;
      const std::size_t total = line.rfind("total=");
      if (name.empty() || total == std::string_view::npos) continue;
      sink.counter(name, to_number(line.substr(total + 6)) / kMicrosecondsPerSecond);
    }
  }

  void collect_file_descriptors(SeriesSink& sink) {
    std::string_view text = file_nr_.read();
    const std::string_view allocated = next_word(text);
    next_word(text);
    const std::string_view maximum = text.substr(0, text.find('\n'));
    std::string_view rest = maximum;
    if (allocated.empty()) return;
    sink.gauge("node_filefd_allocated", to_number(allocated));
    sink.gauge("node_filefd_maximum", to_number(next_word(rest)));
  }

  void collect_uname(SeriesSink& sink) {
    std::string_view text = osrelease_.read();
    std::string_view release;
    if (!next_line(text, release)) return;
    struct utsname own{};
    ::uname(&own);  // the machine word stands in no file
    const auto first = [](ProcFile& file) {
      std::string_view content = file.read();
      std::string_view line;
      return next_line(content, line) ? line : std::string_view{};
    };
    sink.gauge("node_uname_info", 1,
               {{"domainname", first(domainname_)},
                {"machine", own.machine},
                {"nodename", first(hostname_)},
                {"release", release},
                {"sysname", first(ostype_)},
                {"version", first(version_)}});
  }

  ProcFile stat_, loadavg_, meminfo_, vmstat_, pressure_cpu_, pressure_io_, pressure_memory_, file_nr_;
  ProcFile hostname_, domainname_, osrelease_, ostype_, version_;
  std::string name_;
};

}  // namespace

std::unique_ptr<HostSource> create_kernel_source(const HostRoots& roots) {
  return std::make_unique<KernelSource>(roots);
}

}  // namespace trimtab
