// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "targets/memcached/stats_text.h"
#include "targets/stream_socket.h"
#include "targets/target.h"

namespace trimtab::memcached {

// A session with a memcached server in its text protocol. Externally locked. After any error but kDenied the
// session is lost. Errors name the target, never a password.
class Client {
 public:
  // Logs in when the target has a password, as servers started with --auth-file (-Y) ask for it.
  static Result<std::unique_ptr<Client>> open(const Target& target, DurationMs timeout_ms,
                                              const std::atomic<bool>* cancelled = nullptr);

  // `group`: "" for the general ones, "slabs", "items", "settings". The views last until the next call.
  Result<std::vector<Stat>> stats(std::string_view group);

 private:
  Client(std::string name, StreamSocket socket) : name_(std::move(name)), socket_(std::move(socket)) {}
  Status log_in(const std::string& username, const std::string& password);

  const std::string name_;
  StreamSocket socket_;
  std::string buffer_;
};

}  // namespace trimtab::memcached
