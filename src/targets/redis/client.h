// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "targets/redis/resp.h"
#include "targets/stream_socket.h"
#include "targets/target.h"

namespace trimtab::redis {

// A session with a Redis (or Valkey) server in RESP2. Externally locked. After any error but kInvalid and
// kDenied of command() the session is lost. Errors name the target, never a password.
class Client {
 public:
  // Logs in when the target has a password, and selects the database of its URL.
  static Result<std::unique_ptr<Client>> open(const Target& target, DurationMs timeout_ms,
                                              const std::atomic<bool>* cancelled = nullptr);

  // One command, one reply. The server's own error is kDenied (NOAUTH, NOPERM, WRONGPASS) or kInvalid, with
  // its words.
  Result<Reply> command(const std::vector<std::string>& words);

 private:
  Client(std::string name, StreamSocket socket) : name_(std::move(name)), socket_(std::move(socket)) {}

  const std::string name_;
  StreamSocket socket_;
  std::string buffer_;
};

}  // namespace trimtab::redis
