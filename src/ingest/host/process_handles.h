// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace trimtab {

// File handles of one process, against what it may open.
struct OpenHandles {
  double open = 0;
  double limit = 0;  // RLIMIT_NOFILE, the soft one
  double share() const { return limit > 0 ? open / limit : 0; }
};

// Counts the entries of /proc/<pid>/fd: one system call for some thousand handles, so not for every process
// in every round. Only the process's own user and root may look. Externally locked.
class HandleCounter {
 public:
  static constexpr std::size_t kProcessesMax = 512;      // a round
  static constexpr std::size_t kHandlesMax = 1'000'000;  // a round, all processes together

  void begin_round() { processes_ = handles_ = 0; }
  // `proc`: descriptor of the open folder /proc. Nothing when the process may not be looked at, is gone, or
  // the round's bounds are reached.
  std::optional<OpenHandles> count(int proc, const char* pid);

 private:
  std::size_t processes_ = 0;
  std::size_t handles_ = 0;
  std::string path_, buffer_;
};

}  // namespace trimtab
