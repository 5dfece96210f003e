// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <string>

#include "act/door/door.h"
#include "base/process.h"

namespace trimtab::act {

// Runs steps of one door. Externally locked, but
// for cancel().
//
// Errors: kUnavailable (worth another try: the peer is away, HTTP 408, 429 or 5xx, exit code 75 as in
// sysexits.h), kTimeout (the program and all it started in its process group were killed), kCancelled,
// kLimit (an answer that is asked for is over Door::kAnswerBytesMax), kNotFound and kDenied of programs and
// HTTP 404, 401, 403; any other exit code or status: kInvalid. Messages of programs hold the end of what they
// said, never the secrets of the door; messages of requests hold no bodies.
class StepRunner {
 public:
  // Requires: `door` outlives it.
  explicit StepRunner(const Door& door) : door_(door), http_(door.auth) {}

  // What the step answers, without line breaks at its end.
  Result<std::string> ask(const DoorStep& step, const DoorValues& values);
  // Whatever it answers. `descriptor` is inherited by programs; -1: none.
  Status run(const DoorStep& step, const DoorValues& values, int descriptor = -1);
  void cancel() { cancelled_ = true; }

  static constexpr int kTryAgain = 75;               // EX_TEMPFAIL of sysexits.h
  static constexpr std::size_t kToldBytesMax = 512;  // of what a failed program said
  static constexpr std::size_t kSecretBytesMax = 64 << 10;
  static constexpr std::size_t kResponseBytesMax = 4 << 20;  // of which one value is taken

 private:
  Result<ProcessResult> run_command(const DoorCommand& command, const DoorValues& values, int descriptor);
  Result<HttpResponse> send(const DoorRequest& request, const DoorValues& values);

  const Door& door_;
  HttpClient http_;
  std::atomic<bool> cancelled_ = false;
};

// The words of a step, for people: a command line or a request. Errors as Template::fill.
Result<std::string> words_of(const DoorStep& step, const DoorValues& values);

}  // namespace trimtab::act
