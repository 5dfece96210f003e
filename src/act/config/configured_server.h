// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <string>

#include "base/result.h"

namespace trimtab::act {

// A server that reads configuration files and takes them up anew when asked: what a config editor needs of
// it, and all that differs from server to server. Not thread-safe.
class ConfiguredServer {
 public:
  virtual ~ConfiguredServer() = default;

  // Could it be asked to reload? Changes nothing. Errors: kUnavailable (it does not run), others: not so.
  virtual Status ready() = 0;
  // The server's own judgement of the whole configuration as it is on disk. Errors: kInvalid with its words.
  virtual Status test() = 0;
  // Makes it load what is on disk, and names what then runs; "" when only asking is possible and the server
  // is sure to follow. Errors: kUnavailable (does not run), kInvalid (it does not take the files, and runs on
  // as before), kTimeout (still at it), kCancelled.
  virtual Result<std::string> load(const std::atomic<bool>& cancelled) = 0;
  // What runs now, by the name that load() gave it; "" when that can not be known.
  virtual Result<std::string> running() = 0;
};

}  // namespace trimtab::act
