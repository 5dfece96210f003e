// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace trimtab::redis {

// A reply in RESP2 (redis.io/docs, "Redis serialization protocol"). A null string or array is kNull.
struct Reply {
  enum class Type { kNull, kText, kError, kInteger, kArray };
  Type type = Type::kNull;
  std::string text = {};  // of kText and kError
  std::int64_t integer = 0;
  std::vector<Reply> items = {};
};

// Bounds of a reply.
inline constexpr std::size_t kReplyBytesMax = 16 << 20;
inline constexpr std::size_t kReplyItemsMax = 100'000;  // of all arrays together
inline constexpr int kReplyDepthMax = 8;

// Reads one reply off the front of `bytes` and moves past it; empty when the reply is not whole yet
// (`bytes` stays). Errors: kInvalid (not RESP2), kLimit (beyond a bound).
Result<std::optional<Reply>> decode_reply(std::string_view& bytes);

// A command as an array of bulk strings: words are data, never syntax.
std::string encode_command(const std::vector<std::string>& words);

}  // namespace trimtab::redis
