// SPDX-License-Identifier: Apache-2.0
#include "act/door/run_guard.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace trimtab::act {

Result<RunGuard> RunGuard::take(const std::string& folder, const std::string& name) {
  const std::string path = fmt::format("{}/{}.lock", folder, name);
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return fail(ErrorCode::kIo, fmt::format("{}: {}", folder, strerror(errno)));
  }
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return fail(ErrorCode::kIo, fmt::format("{}: {}", path, strerror(errno)));
  if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) return RunGuard(path, descriptor);
  const int problem = errno;
  close(descriptor);
  if (problem != EWOULDBLOCK) return fail(ErrorCode::kIo, fmt::format("{}: {}", path, strerror(problem)));
  return fail(
      ErrorCode::kUnavailable,
      fmt::format("door {}: programs started before the last restart are still at work and are waited for; "
                  "fuser {} shows them",
                  name, path));
}

RunGuard::RunGuard(RunGuard&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(other.descriptor_) {
  other.descriptor_ = -1;
}

RunGuard::~RunGuard() {
  if (descriptor_ < 0) return;
  unlink(path_.c_str());
  close(descriptor_);
}

}  // namespace trimtab::act
