// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace trimtab {

struct ProcessOptions {
  std::vector<std::string> command =
      {};  // program (found in PATH unless it has a slash) and arguments; no shell
  std::vector<std::string> environment = {};  // "NAME=value", all there is; empty: PATH and LANG=C only
  std::string input = {};                     // given on standard input
  DurationMs timeout_ms = 30 * kSecondMs;
  std::size_t output_bytes_max = 64 << 10;  // of both streams together; what is more is dropped
  bool errors_apart = false;  // standard error goes to ProcessResult::errors; else it joins the output
  int descriptor = -1;        // the program and all it starts have it open too, as number 3; -1: none
  const std::atomic<bool>* cancelled = nullptr;
};

struct ProcessResult {
  int exit_code = 0;   // 128 + signal when it was ended by one
  std::string output;  // standard output and error, as they came
  std::string errors;  // standard error, with errors_apart
  bool output_cut = false;
};

// Runs a program to its end, in a process group of its own and in "/". The end is reached when the program
// has ended and everything it started has closed its output. Secrets belong into `input` or `environment`,
// never into `command`, which every user of the machine can read. Errors: kNotFound (no such program),
// kDenied, kTimeout and kCancelled (the whole group was killed), kIo. Any exit code is a result.
Result<ProcessResult> run_process(const ProcessOptions& options);

}  // namespace trimtab
