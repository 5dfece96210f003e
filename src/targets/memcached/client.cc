// SPDX-License-Identifier: Apache-2.0
#include "targets/memcached/client.h"

#include <fmt/format.h>

namespace trimtab::memcached {

Result<std::unique_ptr<Client>> Client::open(const Target& target, DurationMs timeout_ms,
                                             const std::atomic<bool>* cancelled) {
  StreamSocket socket = TRY(StreamSocket::connect(
      socket_address(target.url), {.name = target.name(), .timeout_ms = timeout_ms, .cancelled = cancelled}));
  std::unique_ptr<Client> client(new Client(target.name(), std::move(socket)));
  if (!target.password.empty()) TRY(client->log_in(target.username, target.password));
  return client;
}

// memcached's doc/protocol.txt, "Authentication": the first command is a `set` of any key, whose value is
// "username password".
Status Client::log_in(const std::string& username, const std::string& password) {
  const std::string words = username + " " + password;
  TRY(socket_.send(fmt::format("set trimtab 0 0 {}\r\n{}\r\n", words.size(), words)));
  buffer_.clear();
  while (!buffer_.contains('\n') && buffer_.size() < kStatsBytesMax) TRY(socket_.receive(buffer_));
  if (buffer_.starts_with("STORED")) return ok();
  return fail(ErrorCode::kDenied, fmt::format("{}: login of \"{}\" refused", name_, username));
}

Result<std::vector<Stat>> Client::stats(std::string_view group) {
  TRY(socket_.send(group.empty() ? std::string("stats\r\n") : fmt::format("stats {}\r\n", group)));
  buffer_.clear();
  for (;;) {
    TRY(socket_.receive(buffer_));
    std::string_view bytes = buffer_;
    auto stats = decode_stats(bytes);
    if (!stats) return detail::error_of(stats.error().within(name_));
    if (*stats) return std::move(**stats);
  }
}

}  // namespace trimtab::memcached
