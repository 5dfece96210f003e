// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace trimtab {

// A small kernel file that is read again and again. The descriptor stays open: the kernel makes the content
// anew when it is read from offset 0. Externally locked.
class ProcFile {
 public:
  explicit ProcFile(std::string path) : path_(std::move(path)) {}
  ~ProcFile();
  ProcFile(const ProcFile&) = delete;
  ProcFile& operator=(const ProcFile&) = delete;

  // The whole content, valid until the next read; empty when the file is not there or can not be read.
  // A file that was not there is tried again each time. At most kBytesMax; the rest is cut off.
  std::string_view read();

  static constexpr std::size_t kBytesMax = 4 << 20;

 private:
  std::string path_;
  int fd_ = -1;
  std::string buffer_;
};

// Reads a file below an open folder once, into `buffer`; empty when it can not be read. No descriptor stays.
std::string_view read_at(int folder, const char* name, std::string& buffer);

// Cuts the next line off the front of `text`; false at the end.
bool next_line(std::string_view& text, std::string_view& line);
// Cuts the next word (separated by blanks or tabs) off the front of `line`; empty at the end.
std::string_view next_word(std::string_view& line);
// Decimal number at the front of the word; 0 when there is none.
double to_number(std::string_view word);
std::uint64_t to_unsigned(std::string_view word);

}  // namespace trimtab
