// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "ingest/series_sink.h"

namespace trimtab {

// A part of the host that can be read: one or a few kernel files. A file that is missing or holds something
// else gives no numbers, never an error: kernels and containers differ. Externally locked.
class HostSource {
 public:
  virtual ~HostSource() = default;
  virtual void collect(SeriesSink& sink) = 0;
};

// How much room a mounted filesystem has; replaced in tests.
struct FilesystemSpace {
  double size_bytes = 0;
  double free_bytes = 0;
  double avail_bytes = 0;
  double files = 0;
  double files_free = 0;
};
using FilesystemReader = bool (*)(const char* mount_point, FilesystemSpace& out);
bool read_filesystem_space(const char* mount_point, FilesystemSpace& out);  // by statvfs(3)

struct HostRoots {
  std::string proc = "/proc";
  std::string sys = "/sys";
};

// Bounds of the label values a host can bring forth.
inline constexpr std::size_t kCpusMax = 1024;
inline constexpr std::size_t kDevicesMax = 256;  // disks; and again network devices
inline constexpr std::size_t kFilesystemsMax = 128;

// node_cpu_*, node_load*, node_memory_*, node_vmstat_*, node_pressure_*, node_context_switches_total,
// node_forks_total, node_intr_total, node_procs_*, node_boot_time_seconds, node_filefd_*, node_uname_info.
std::unique_ptr<HostSource> create_kernel_source(const HostRoots& roots);
// node_disk_*, node_filesystem_*. Network filesystems are left out: a dead server would hang the reader.
std::unique_ptr<HostSource> create_disk_source(const HostRoots& roots, FilesystemReader reader);
// node_network_*, node_netstat_*, node_sockstat_*.
std::unique_ptr<HostSource> create_network_source(const HostRoots& roots);
// container_* per cgroup (version 2) that holds a service, a scope or a container.
std::unique_ptr<HostSource> create_cgroup_source(const HostRoots& roots, std::size_t cgroups_max);
// namedprocess_namegroup_* of the process names that use most CPU and memory.
std::unique_ptr<HostSource> create_process_source(const HostRoots& roots, std::size_t groups_max);

}  // namespace trimtab
