// SPDX-License-Identifier: Apache-2.0
#include "ingest/host/proc_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>

namespace trimtab {
namespace {

constexpr std::size_t kBufferStart = 4096;

// Reads from offset 0 to the end. Kernel files give what they have at once when the buffer is large enough;
// a full buffer means there may be more.
std::string_view read_all(int fd, std::string& buffer) {
  if (buffer.size() < kBufferStart) buffer.resize(kBufferStart);
  std::size_t size = 0;
  for (;;) {
    const ssize_t got = ::pread(fd, buffer.data() + size, buffer.size() - size, static_cast<off_t>(size));
    if (got < 0) return {};
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
    if (size < buffer.size()) continue;
    if (size >= ProcFile::kBytesMax) break;
    buffer.resize(buffer.size() * 2);
  }
  return {buffer.data(), size};
}

}  // namespace

ProcFile::~ProcFile() {
  if (fd_ >= 0) ::close(fd_);
}

std::string_view ProcFile::read() {
  if (fd_ < 0) fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  return fd_ < 0 ? std::string_view{} : read_all(fd_, buffer_);
}

std::string_view read_at(int folder, const char* name, std::string& buffer) {
  const int fd = ::openat(folder, name, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  const std::string_view text = read_all(fd, buffer);
  ::close(fd);
  return text;
}

bool next_line(std::string_view& text, std::string_view& line) {
  if (text.empty()) return false;
  const std::size_t end = text.find('\n');
  line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return true;
}

std::string_view next_word(std::string_view& line) {
  const std::size_t start = line.find_first_not_of(" \t");
  if (start == std::string_view::npos) {
    line = {};
    return {};
  }
  const std::size_t end = std::min(line.find_first_of(" \t", start), line.size());
  const std::string_view word = line.substr(start, end - start);
  line.remove_prefix(end);
  return word;
}

double to_number(std::string_view word) {
  double value = 0;
  std::from_chars(word.data(), word.data() + word.size(), value);
  return value;
}

std::uint64_t to_unsigned(std::string_view word) {
  std::uint64_t value = 0;
  std::from_chars(word.data(), word.data() + word.size(), value);
  return value;
}

}  // namespace trimtab
