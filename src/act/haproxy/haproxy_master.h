// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace trimtab::act {

// A process and when it began, in clock ticks since the start of the machine: a number that is used again
// is another process.
struct ProcessId {
  pid_t pid = 0;
  std::uint64_t start = 0;
  friend bool operator==(const ProcessId&, const ProcessId&) = default;
};

// The master process of a HAProxy in master-worker mode, as /proc shows it.
//
// On SIGUSR2 it blocks that signal, executes itself anew, ignores it, reads its configuration, starts a new
// worker, and only then catches it again; one that comes meanwhile is lost (seen with 2.6). So it is asked
// only while it catches the signal (SigCgt, SigBlk and ShdPnd in /proc/PID/status, proc_pid_status(5)), and
// again when no new worker appears. And a worker that is new since a moment at which the master caught the
// signal was started by a load that began after that moment: it has read what was on disk then.
class HaproxyMaster {
 public:
  // `program`: the name of the process. Errors: kUnavailable: it does not run; kInvalid: no master process,
  // or not with absolute names of its configuration files; kDenied: /proc does not show it.
  static Result<HaproxyMaster> find(const std::string& pid_file, const std::string& program);

  // Names of -f, in order, as it was started with; files or folders.
  const std::vector<std::string>& configurations() const { return configurations_; }
  // "" without a worker; else of the newest worker.
  Result<std::string> running() const;
  // Loads what is on disk; what running() says then. Errors as of ConfiguredServer::load().
  Result<std::string> load(const std::atomic<bool>& cancelled) const;

 private:
  HaproxyMaster() = default;
  Result<std::vector<ProcessId>> workers() const;
  enum class Ear {
    kOpen,     // it catches SIGUSR2 at this moment
    kBusy,     // one is pending, or being taken up
    kLoading,  // it was executed anew and is not through its start
  };
  Result<Ear> ear() const;
  Status wait_until_it_listens(const std::atomic<bool>& cancelled) const;
  Status ask() const;

  ProcessId id_;
  std::string program_;
  std::vector<std::string> configurations_;
};

inline constexpr DurationMs kHaproxyPollMs = 5;
inline constexpr int kHaproxyPollsMax = 6'000;  // for one load: 30 s and more
inline constexpr int kHaproxyQuietPolls = 200;  // of an open ear and no new worker, then it is asked again
inline constexpr int kHaproxyAsksMax = 4;

}  // namespace trimtab::act
