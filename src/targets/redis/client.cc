// SPDX-License-Identifier: Apache-2.0
#include "targets/redis/client.h"

#include <fmt/format.h>

namespace trimtab::redis {

Result<std::unique_ptr<Client>> Client::open(const Target& target, DurationMs timeout_ms,
                                             const std::atomic<bool>* cancelled) {
  std::string address = target.url;
  std::string database;
  if (address.starts_with("unix://")) {
    address = address.substr(7);
  } else {
    address = address.substr(address.find("://") + 3);
    if (const std::size_t slash = address.find('/'); slash != std::string::npos) {
      database = address.substr(slash + 1);
      address.resize(slash);
    }
  }
  StreamSocket socket = TRY(StreamSocket::connect(
      address, {.name = target.name(), .timeout_ms = timeout_ms, .cancelled = cancelled}));
  std::unique_ptr<Client> client(new Client(target.name(), std::move(socket)));
  if (!target.password.empty()) {
    std::vector<std::string> login = {"AUTH", target.password};
    if (!target.username.empty()) login = {"AUTH", target.username, target.password};
    TRY(client->command(login));
  }
  if (!database.empty() && database != "0") TRY(client->command({"SELECT", database}));
  return client;
}

Result<Reply> Client::command(const std::vector<std::string>& words) {
  TRY(socket_.send(encode_command(words)));
  buffer_.clear();
  for (;;) {
    TRY(socket_.receive(buffer_));
    std::string_view bytes = buffer_;
    auto reply = decode_reply(bytes);
    if (!reply) return detail::error_of(reply.error().within(name_));
    if (!*reply) continue;
    if ((*reply)->type != Reply::Type::kError) return std::move(**reply);
    const std::string& text = (*reply)->text;
    const bool denied =
        text.starts_with("NOAUTH") || text.starts_with("NOPERM") || text.starts_with("WRONGPASS");
    return fail(denied ? ErrorCode::kDenied : ErrorCode::kInvalid, fmt::format("{}: {}", name_, text));
  }
}

}  // namespace trimtab::redis
