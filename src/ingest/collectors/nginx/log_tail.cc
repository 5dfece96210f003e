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
  close(now_);
  close(before_);
}

void LogTail::close(File& file) {
  if (file.fd >= 0) ::close(file.fd);
  file = {};
}

Status LogTail::open(bool at_end) {
  now_ = {};
  now_.fd = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat info{};
  if (now_.fd < 0 || ::fstat(now_.fd, &info) != 0) {
    return fail(ErrorCode::kUnavailable, fmt::format("cannot open {}: {}", path_, std::strerror(errno)));
  }
  if (!S_ISREG(info.st_mode)) {
    close(now_);
    return fail(ErrorCode::kUnavailable, fmt::format("{} is not a regular file", path_));
  }
  now_.inode = info.st_ino;
  now_.offset = at_end ? static_cast<std::uint64_t>(info.st_size) : 0;
  return ok();
}

void LogTail::take_lines(File& file, std::string_view bytes,
                         const std::function<void(std::string_view)>& take) {
  std::string& line = file.line;
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, end);
    if (end != std::string_view::npos && line.empty()) {
      take(piece.substr(0, kLineBytesMax));
    } else {
      line.append(piece.substr(0, kLineBytesMax - std::min(kLineBytesMax, line.size())));
      if (end == std::string_view::npos) return;
      take(line);
      line.clear();
    }
    bytes.remove_prefix(end + 1);
  }
}

// True when the end was reached.
bool LogTail::read_on(File& file, const std::function<void(std::string_view)>& take, std::size_t& budget) {
  std::vector<char> buffer(256 << 10);
  while (budget > 0) {
    const ssize_t got =
        ::pread(file.fd, buffer.data(), std::min(buffer.size(), budget), static_cast<off_t>(file.offset));
    if (got <= 0) return true;
    file.offset += static_cast<std::uint64_t>(got);
    budget -= static_cast<std::size_t>(got);
    take_lines(file, {buffer.data(), static_cast<std::size_t>(got)}, take);
  }
  return false;
}

Status LogTail::poll(const std::function<void(std::string_view)>& take) {
  std::size_t budget = kRoundBytesMax;
  if (before_.fd >= 0 && read_on(before_, take, budget)) close(before_);
  if (now_.fd < 0) TRY(open(first_));
  first_ = false;
  struct stat info{};
  if (::fstat(now_.fd, &info) == 0) {
    const auto size = static_cast<std::uint64_t>(info.st_size);
    if (size < now_.offset) {  // cut: copytruncate
      now_.offset = 0;
      now_.line.clear();
    } else if (size - now_.offset > kBehindBytesMax) {
      skipped_bytes_ += size - now_.offset;
      now_.offset = size;
      now_.line.clear();
    }
  }
  if (!read_on(now_, take, budget)) return ok();
  struct stat named{};
  if (::stat(path_.c_str(), &named) != 0 || named.st_ino == now_.inode)
    return ok();  // not rotated, or not yet anew
  close(before_);
  before_ = std::exchange(now_, {});
  TRY(open(false));
  read_on(now_, take, budget);
  return ok();
}

}  // namespace trimtab
