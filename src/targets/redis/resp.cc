// SPDX-License-Identifier: Apache-2.0
#include "targets/redis/resp.h"

#include <fmt/format.h>

#include <charconv>

namespace trimtab::redis {
namespace {

// More is to come. Told apart from mistakes by its code; never leaves this file.
std::unexpected<Error> incomplete() { return fail(ErrorCode::kUnavailable, ""); }

struct Decoder {
  std::string_view rest;
  std::size_t items = 0;

  Result<std::string_view> line() {
    const std::size_t end = rest.find("\r\n");
    if (end == std::string_view::npos) {
      if (rest.size() > kReplyBytesMax) return fail(ErrorCode::kLimit, "reply: a line without end");
      return incomplete();
    }
    const std::string_view out = rest.substr(0, end);
    rest.remove_prefix(end + 2);
    return out;
  }

  static Result<std::int64_t> number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc() || end != text.data() + text.size() || text.empty()) {
      return invalid("reply: expected a whole number");
    }
    return value;
  }

  Result<Reply> bulk(std::string_view head) {
    const std::int64_t size = TRY(number(head));
    if (size == -1) return Reply{};
    if (size < 0 || static_cast<std::uint64_t>(size) > kReplyBytesMax) {
      return fail(ErrorCode::kLimit,
                  fmt::format("reply: a string of {} bytes; at most {}", size, kReplyBytesMax));
    }
    const auto length = static_cast<std::size_t>(size);
    if (rest.size() < length + 2) return incomplete();
    if (rest.substr(length, 2) != "\r\n") return invalid("reply: a string longer than it says");
    Reply out{.type = Reply::Type::kText, .text = std::string(rest.substr(0, length))};
    rest.remove_prefix(length + 2);
    return out;
  }

  Result<Reply> array(std::string_view head, int depth) {
    const std::int64_t count = TRY(number(head));
    if (count == -1) return Reply{};
    if (count < 0 || static_cast<std::uint64_t>(count) > kReplyItemsMax || depth >= kReplyDepthMax) {
      return fail(ErrorCode::kLimit, "reply: too many or too deep items");
    }
    Reply out{.type = Reply::Type::kArray};
    for (std::int64_t i = 0; i < count; ++i) {
      if (++items > kReplyItemsMax) return fail(ErrorCode::kLimit, "reply: too many items");
      Reply item = TRY(reply(depth + 1));
      out.items.push_back(std::move(item));
    }
    return out;
  }

  Result<Reply> reply(int depth) {
    const std::string_view head = TRY(line());
    if (head.empty()) return invalid("reply: an empty line");
    const std::string_view body = head.substr(1);
    switch (head[0]) {
      case '+': return Reply{.type = Reply::Type::kText, .text = std::string(body)};
      case '-': return Reply{.type = Reply::Type::kError, .text = std::string(body)};
      case ':': {
        const std::int64_t value = TRY(number(body));
        return Reply{.type = Reply::Type::kInteger, .integer = value};
      }
      case '$': return bulk(body);
      case '*': return array(body, depth);
      default: return invalid("reply: not RESP2");
    }
  }
};

}  // namespace

Result<std::optional<Reply>> decode_reply(std::string_view& bytes) {
  Decoder decoder{.rest = bytes};
  auto reply = decoder.reply(0);
  if (reply) {
    bytes = decoder.rest;
    return std::optional(std::move(*reply));
  }
  if (reply.error().code() != ErrorCode::kUnavailable) return detail::error_of(reply.error());
  if (bytes.size() > 2 * kReplyBytesMax) return fail(ErrorCode::kLimit, "reply: more bytes than allowed");
  return std::optional<Reply>();
}

std::string encode_command(const std::vector<std::string>& words) {
  std::string out = fmt::format("*{}\r\n", words.size());
  for (const std::string& word : words) {
    out += fmt::format("${}\r\n", word.size());
    out += word;
    out += "\r\n";
  }
  return out;
}

}  // namespace trimtab::redis
