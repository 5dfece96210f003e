// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace trimtab {

// Follows a growing log file through rotation: starts at the end of what is there, reads a file that was
// renamed to its end, twice before it opens the new one (a writer may open that after it is there), and
// starts over when the file was cut. Externally locked. Bounds: kRoundBytesMax a poll; further behind than
// kBehindBytesMax, the rest is skipped and counted.
class LogTail {
 public:
  explicit LogTail(std::string path) : path_(std::move(path)) {}
  ~LogTail();
  LogTail(const LogTail&) = delete;
  LogTail& operator=(const LogTail&) = delete;

  // Gives each whole new line, without its end, to `take`. Errors: the file can not be opened.
  Status poll(const std::function<void(std::string_view)>& take);
  std::uint64_t skipped_bytes() const { return skipped_bytes_; }

  static constexpr std::size_t kRoundBytesMax = 32 << 20;
  static constexpr std::uint64_t kBehindBytesMax = 256 << 20;
  static constexpr std::size_t kLineBytesMax = 64 << 10;  // the rest of a longer line is dropped

 private:
  Status open(bool at_end);
  bool read_on(const std::function<void(std::string_view)>& take, std::size_t& budget);
  void take_lines(std::string_view bytes, const std::function<void(std::string_view)>& take);

  const std::string path_;
  int fd_ = -1;
  bool first_ = true;
  bool rotated_ = false;  // another file had the name at the last poll
  std::uint64_t inode_ = 0;
  std::uint64_t offset_ = 0;
  std::string line_;  // begun, not ended
  std::uint64_t skipped_bytes_ = 0;
};

}  // namespace trimtab
