// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace trimtab {

// Follows a growing log file through rotation: starts at the end of what is there, reads a file that was
// renamed to its end, and once more at the next poll (a writer may open the new one later than it is there),
// and starts over when the file was cut. Externally locked. Bounds: kRoundBytesMax a poll; further behind
// than kBehindBytesMax, the rest is skipped and counted.
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
  struct File {
    int fd = -1;
    std::uint64_t inode = 0;
    std::uint64_t offset = 0;
    std::string line;  // begun, not ended
  };
  static void close(File& file);
  Status open(bool at_end);
  static bool read_on(File& file, const std::function<void(std::string_view)>& take, std::size_t& budget);
  static void take_lines(File& file, std::string_view bytes,
                         const std::function<void(std::string_view)>& take);

  const std::string path_;
  File now_;
  File before_;  // rotated away at the last poll
  bool first_ = true;
  std::uint64_t skipped_bytes_ = 0;
};

}  // namespace trimtab
