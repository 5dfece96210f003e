// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

namespace trimtab::cli {

// What the process says when it ends; documented in docs/cli.md.
enum ExitCode {
  kOk = 0,
  kFailed = 1,       // it was tried and did not work
  kUsage = 2,        // wrong flags, arguments or configuration: the same call fails again
  kUnavailable = 3,  // no server there, the address or data directory is taken: a retry may help
  kDamaged = 4,      // stored data is corrupt or of an unknown version
};

inline int exit_code_of(const Error& error) {
  switch (error.code()) {
    case ErrorCode::kInvalid: return kUsage;
    case ErrorCode::kConflict:
    case ErrorCode::kUnavailable:
    case ErrorCode::kTimeout: return kUnavailable;
    case ErrorCode::kCorrupt:
    case ErrorCode::kVersion: return kDamaged;
    default: return kFailed;
  }
}

// Prints "trimtab: MESSAGE" on standard error and gives the exit code.
int report(const Error& error);

}  // namespace trimtab::cli
