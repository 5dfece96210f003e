// SPDX-License-Identifier: Apache-2.0
#include "ingest/collectors/nginx/log_tail.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

namespace trimtab {

LogTail::~LogTail() {
  if (fd_ >= 0) ::close(fd_);
}

Status LogTail::open(bool at_end) {
  fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat info{};
  if (fd_ < 0 || ::fstat(fd_, &info) != 0) {
    return fail(ErrorCode::kUnavailable, fmt::format("cannot open {}: {}", path_, std::strerror(errno)));
  }
  if (!S_ISREG(info.st_mode)) {
    ::close(fd_);
    fd_ = -1;
    return fail(ErrorCode::kUnavailable, fmt::format("{} is not a regular file", path_));
  }
  inode_ = info.st_ino;
  offset_ = at_end ? static_cast<std::uint64_t>(info.st_size) : 0;
  line_.clear();
  return ok();
}

void LogTail::take_lines(std::string_view bytes, const std::function<void(std::string_view)>& take) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, end);
    if (end != std::string_view::npos && line_.empty()) {
      take(piece.substr(0, kLineBytesMax));
    } else {
      line_.append(piece.substr(0, kLineBytesMax - std::min(kLineBytesMax, line_.size())));
      if (end == std::string_view::npos) return;
      take(line_);
      line_.clear();
    }
    bytes.remove_prefix(end + 1);
  }
}

// True when the end was reached.
bool LogTail::read_on(const std::function<void(std::string_view)>& take, std::size_t& budget) {
  std::vector<char> buffer(256 << 10);
  while (budget > 0) {
    const ssize_t got =
        ::pread(fd_, buffer.data(), std::min(buffer.size(), budget), static_cast<off_t>(offset_));
    if (got <= 0) return true;
    offset_ += static_cast<std::uint64_t>(got);
    budget -= static_cast<std::size_t>(got);
    take_lines({buffer.data(), static_cast<std::size_t>(got)}, take);
  }
  return false;
}

Status LogTail::poll(const std::function<void(std::string_view)>& take) {
  if (fd_ < 0) TRY(open(first_));
  first_ = false;
  struct stat info{};
  if (::fstat(fd_, &info) == 0) {
    const auto size = static_cast<std::uint64_t>(info.st_size);
    if (size < offset_) {  // cut: copytruncate
      offset_ = 0;
      line_.clear();
    } else if (size - offset_ > kBehindBytesMax) {
      skipped_bytes_ += size - offset_;
      offset_ = size;
      line_.clear();
    }
  }
  std::size_t budget = kRoundBytesMax;
  if (!read_on(take, budget)) return ok();
  struct stat named{};
  if (::stat(path_.c_str(), &named) != 0 || named.st_ino == inode_)
    return ok();  // not rotated, or not yet anew
  if (!std::exchange(rotated_, true)) return ok();
  rotated_ = false;
  ::close(fd_);
  fd_ = -1;
  TRY(open(false));
  read_on(take, budget);
  return ok();
}

}  // namespace trimtab
