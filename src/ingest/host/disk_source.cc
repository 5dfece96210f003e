// SPDX-License-Identifier: Apache-2.0
#include <sys/statvfs.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>

#include "ingest/host/host_source.h"
#include "ingest/host/proc_file.h"

namespace trimtab {
namespace {

constexpr double kSectorBytes = 512;  // what /proc/diskstats counts in, whatever the device's own size
constexpr double kMillisecondsPerSecond = 1e3;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool all_digits(std::string_view text) { return !text.empty() && std::ranges::all_of(text, is_digit); }

// Partitions, RAM disks and loops, which node_exporter leaves out by default:
// ^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$
bool is_left_out_disk(std::string_view name) {
  std::size_t digits = name.size();
  while (digits > 0 && is_digit(name[digits - 1])) --digits;
  const std::string_view stem = name.substr(0, digits);
  if (digits == name.size()) return false;
  if (stem == "ram" || stem == "zram" || stem == "loop" || stem == "fd") return true;
  for (const std::string_view prefix : {"hd", "sd", "vd", "xvd"}) {
    if (stem.size() == prefix.size() + 1 && stem.starts_with(prefix) && stem.back() >= 'a' &&
        stem.back() <= 'z')
      return true;
  }
  if (!stem.starts_with("nvme") || !stem.ends_with('p')) return false;
  const std::size_t n = stem.find('n', 4);
  return n != std::string_view::npos && all_digits(stem.substr(4, n - 4)) &&
         all_digits(stem.substr(n + 1, stem.size() - n - 2));
}

// node_exporter's default, without overlay: a container's root is one and its room matters.
bool is_pseudo(std::string_view type) {
  static const std::set<std::string_view> types{
      "autofs", "binfmt_misc", "bpf",      "cgroup",     "cgroup2",    "configfs",  "debugfs",
      "devpts", "devtmpfs",    "fusectl",  "hugetlbfs",  "iso9660",    "mqueue",    "nsfs",
      "proc",   "procfs",      "pstore",   "rpc_pipefs", "securityfs", "selinuxfs", "squashfs",
      "sysfs",  "tracefs",     "efivarfs", "ramfs"};
  return types.contains(type);
}

bool is_remote(std::string_view type) {
  static const std::set<std::string_view> types{"nfs",  "nfs4", "cifs", "smb3",      "smbfs",
                                                "ceph", "9p",   "afs",  "glusterfs", "lustre"};
  return types.contains(type) || type.starts_with("fuse.");
}

bool is_below(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

bool is_left_out_mount(std::string_view mount) {
  for (const std::string_view folder : {"/dev", "/proc", "/sys"}) {
    if (is_below(mount, folder)) return true;
  }
  return mount.starts_with("/run/credentials/") || mount.starts_with("/var/lib/docker/") ||
         mount.starts_with("/var/lib/containers/storage/");
}

// Mount tables spell blanks as \040, tabs as \011, line breaks as \012 and backslashes as \134.
std::string unescape_mount(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool octal = text[i] == '\\' && i + 3 < text.size() && all_digits(text.substr(i + 1, 3));
    if (octal) {
      out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

struct DiskField {
  std::string_view name;
  double factor;
  double divisor;
  bool counter;
};
// In the order of /proc/diskstats (Documentation/admin-guide/iostats.rst).
constexpr std::array<DiskField, 17> kDiskFields{{
    {"node_disk_reads_completed_total", 1, 1, true},
    {"node_disk_reads_merged_total", 1, 1, true},
    {"node_disk_read_bytes_total", kSectorBytes, 1, true},
    {"node_disk_read_time_seconds_total", 1, kMillisecondsPerSecond, true},
    {"node_disk_writes_completed_total", 1, 1, true},
    {"node_disk_writes_merged_total", 1, 1, true},
    {"node_disk_written_bytes_total", kSectorBytes, 1, true},
    {"node_disk_write_time_seconds_total", 1, kMillisecondsPerSecond, true},
    {"node_disk_io_now", 1, 1, false},
    {"node_disk_io_time_seconds_total", 1, kMillisecondsPerSecond, true},
    {"node_disk_io_time_weighted_seconds_total", 1, kMillisecondsPerSecond, true},
    {"node_disk_discards_completed_total", 1, 1, true},
    {"node_disk_discards_merged_total", 1, 1, true},
    {"node_disk_discarded_sectors_total", 1, 1, true},
    {"node_disk_discard_time_seconds_total", 1, kMillisecondsPerSecond, true},
    {"node_disk_flush_requests_total", 1, 1, true},
    {"node_disk_flush_requests_time_seconds_total", 1, kMillisecondsPerSecond, true},
}};

class DiskSource final : public HostSource {
 public:
  DiskSource(const HostRoots& roots, FilesystemReader reader)
      : diskstats_(roots.proc + "/diskstats"),
        mounts_(roots.proc + "/1/mounts"),
        own_mounts_(roots.proc + "/self/mounts"),
        reader_(reader) {}

  void collect(SeriesSink& sink) override {
    collect_disks(sink);
    collect_filesystems(sink);
  }

 private:
  void collect_disks(SeriesSink& sink) {
    std::string_view text = diskstats_.read();
    std::string_view line;
    std::size_t disks = 0;
    while (next_line(text, line)) {
      next_word(line);
      next_word(line);
      const std::string_view device = next_word(line);
      if (device.empty() || is_left_out_disk(device) || ++disks > kDevicesMax) continue;
      for (const DiskField& field : kDiskFields) {
        const std::string_view word = next_word(line);
        if (word.empty()) break;
        if (field.counter) {
          sink.counter(field.name, to_number(word) * field.factor / field.divisor, {{"device", device}});
        } else {
          sink.gauge(field.name, to_number(word), {{"device", device}});
        }
      }
    }
  }

  void collect_filesystems(SeriesSink& sink) {
    std::string_view text = mounts_.read();
    if (text.empty()) text = own_mounts_.read();
    std::string_view line;
    std::set<std::string> seen;
    while (next_line(text, line) && seen.size() < kFilesystemsMax) {
      const std::string device = unescape_mount(next_word(line));
      const std::string mount = unescape_mount(next_word(line));
      const std::string_view type = next_word(line);
      const std::string_view options = next_word(line);
      const bool nested_overlay = type == "overlay" && mount != "/";
      if (is_pseudo(type) || is_remote(type) || nested_overlay || is_left_out_mount(mount)) continue;
      if (!seen.insert(device + '\n' + mount).second) continue;
      collect_filesystem(sink, device, mount, type, options == "ro" || options.starts_with("ro,"));
    }
  }

  void collect_filesystem(SeriesSink& sink, const std::string& device, const std::string& mount,
                          std::string_view type, bool readonly) {
    FilesystemSpace space;
    const bool read = reader_(mount.c_str(), space);
    const auto put = [&](std::string_view name, double value) {
      sink.gauge(name, value, {{"device", device}, {"fstype", type}, {"mountpoint", mount}});
    };
    put("node_filesystem_device_error", read ? 0 : 1);
    put("node_filesystem_readonly", readonly ? 1 : 0);
    if (!read) return;
    put("node_filesystem_size_bytes", space.size_bytes);
    put("node_filesystem_free_bytes", space.free_bytes);
    put("node_filesystem_avail_bytes", space.avail_bytes);
    put("node_filesystem_files", space.files);
    put("node_filesystem_files_free", space.files_free);
  }

  ProcFile diskstats_, mounts_, own_mounts_;
  FilesystemReader reader_;
};

}  // namespace

bool read_filesystem_space(const char* mount_point, FilesystemSpace& out) {
  struct statvfs status{};
  if (::statvfs(mount_point, &status) != 0) return false;
  const auto block = static_cast<double>(status.f_bsize);
  out.size_bytes = static_cast<double>(status.f_blocks) * block;
  out.free_bytes = static_cast<double>(status.f_bfree) * block;
  out.avail_bytes = static_cast<double>(status.f_bavail) * block;
  out.files = static_cast<double>(status.f_files);
  out.files_free = static_cast<double>(status.f_ffree);
  return true;
}

std::unique_ptr<HostSource> create_disk_source(const HostRoots& roots, FilesystemReader reader) {
  return std::make_unique<DiskSource>(roots, reader);
}

}  // namespace trimtab
