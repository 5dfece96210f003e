// SPDX-License-Identifier: Apache-2.0
#include "ingest/host/process_handles.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "ingest/host/proc_file.h"

namespace trimtab {

namespace {

// /proc/<pid>/limits (proc(5)): "Max open files            1024                 524288               files".
double open_files_limit(std::string_view text) {
  constexpr std::string_view kName = "Max open files";
  std::string_view line;
  while (next_line(text, line)) {
    if (!line.starts_with(kName)) continue;
    line.remove_prefix(kName.size());
    return to_number(next_word(line));  // "unlimited" is 0: no limit
  }
  return 0;
}

}  // namespace

std::optional<OpenHandles> HandleCounter::count(int proc, const char* pid) {
  if (processes_ >= kProcessesMax || handles_ >= kHandlesMax) return std::nullopt;
  path_ = pid;
  path_ += "/fd";
  const int descriptor = ::openat(proc, path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return std::nullopt;
  DIR* folder = ::fdopendir(descriptor);
  if (folder == nullptr) {
    ::close(descriptor);
    return std::nullopt;
  }
  ++processes_;
  OpenHandles out;
  while (const dirent* entry = ::readdir(folder)) {
    if (entry->d_name[0] == '.') continue;
    ++out.open;
    if (++handles_ >= kHandlesMax) break;
  }
  ::closedir(folder);
  path_ = pid;
  path_ += "/limits";
  out.limit = open_files_limit(read_at(proc, path_.c_str(), buffer_));
  return out;
}

}  // namespace trimtab
