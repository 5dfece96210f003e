// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace trimtab {

// A connected TCP or Unix socket whose every wait has a bound: for the small text protocols of caches and
// proxies. Externally locked. Errors name `name`, never what was sent: kUnavailable (refused, closed),
// kTimeout, kCancelled.
class StreamSocket {
 public:
  struct Options {
    std::string name = {};                  // what errors say: "redis/main"
    DurationMs timeout_ms = 5 * kSecondMs;  // of connecting, and of each send() and receive()
    const std::atomic<bool>* cancelled = nullptr;
  };

  // "host:port", "[::1]:port" or an absolute path. A name is tried at each of its addresses.
  static Result<StreamSocket> connect(const std::string& address, const Options& options);
  StreamSocket(StreamSocket&& other) noexcept;
  StreamSocket& operator=(StreamSocket&& other) noexcept;
  ~StreamSocket();

  Status send(std::string_view bytes);
  // Adds what has arrived, at least one byte, to `out`. The peer's end is kUnavailable.
  Status receive(std::string& out);
  // The same for answers that end with the connection: false, and nothing added, at the peer's end.
  Result<bool> receive_or_end(std::string& out);

 private:
  StreamSocket(int fd, Options options) : fd_(fd), options_(std::move(options)) {}

  int fd_ = -1;
  Options options_;
};

}  // namespace trimtab
