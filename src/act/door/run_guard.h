// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"

namespace trimtab::act {

// Knows, across a crash of ours, whether programs that a door started are still at work: they inherit a
// descriptor of a file on which a lock is held, and the kernel releases it when the last of them has ended.
// So a step that outlived us is waited for, never run a second time beside itself. The file is there only
// while a step runs, or when we died during one. Not thread-safe: one guard of a name at a time.
class RunGuard {
 public:
  // Errors: kUnavailable when programs of an earlier run are still at work, kIo.
  static Result<RunGuard> take(const std::string& folder, const std::string& name);
  RunGuard(RunGuard&& other) noexcept;
  RunGuard& operator=(RunGuard&&) = delete;
  ~RunGuard();  // the step has ended: whatever of it goes on (a daemon) is meant to

  int descriptor() const { return descriptor_; }  // for the programs to inherit

 private:
  RunGuard(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}

  std::string path_;
  int descriptor_ = -1;
};

}  // namespace trimtab::act
