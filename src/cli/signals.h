// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csignal>

namespace trimtab::cli {

// SIGINT, SIGTERM and SIGHUP as values instead of interruptions. Create it before any thread starts:
// threads inherit the blocked mask, so that only wait() sees them. SIGPIPE is ignored.
class Signals {
 public:
  Signals();
  // The next signal's number.
  int wait();

 private:
  sigset_t set_{};
};

}  // namespace trimtab::cli
